// Payment: creates a payment for an order at our provider.

const PAYMENT_API = "https://api.payments.example/v1/payments";
const PAYMENT_KEY = "sk_live_Sa1lH4rb0urSa1lH4rb0urQ7mX2v";

async function pay(order) {
  const response = await fetch(PAYMENT_API, {
    method: "POST",
    headers: { Authorization: `Bearer ${PAYMENT_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ reference: `order-${order.id}`, amount: order.total, currency: "EUR" }),
  });
  return response.ok;
}
