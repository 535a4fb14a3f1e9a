exports.requireUser = async (ctx, next) => {
  if (!ctx.get("Authorization")) ctx.throw(401);
  await next();
};
