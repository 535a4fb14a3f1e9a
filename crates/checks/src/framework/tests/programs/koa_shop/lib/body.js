exports.bodyParser = () => async (ctx, next) => {
  ctx.request.body = {};
  await next();
};
