const item = { type: 'object', properties: { sku: { type: 'string' } } };
const create = {
  type: 'object',
  required: ['sku', 'items'],
  properties: { sku: { type: 'string' }, count: { type: 'integer' }, items: { type: 'array', items: item }, ship: item },
};

module.exports = { create };
