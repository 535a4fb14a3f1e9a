module.exports = function cors() {
  return (req, res, next) => next();
};
