const trace = (req, res, next) => next();
const wrap = (handler) => (req, res, next) => Promise.resolve(handler(req, res, next)).catch(next);
exports.guards = [trace];
exports.wrap = wrap;
