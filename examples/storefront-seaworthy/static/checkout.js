// What the page says once an order is placed. Payment is the server's business: no provider's key belongs in a browser.

function orderNotice(order) {
  return `Order ${order.id} is placed; we will send an invoice over ${order.total} EUR.`;
}
