// The shop's page: catalogue, search, cart and checkout.

let token = sessionStorage.getItem("token");

async function api(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer;
}

function notice(text) {
  document.getElementById("notice").textContent = text;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function productItem(product) {
  const item = document.createElement("li");
  const button = element("button", "Add to cart");
  button.addEventListener("click", () => addToCart(product.id));
  item.append(
    element("h3", product.name),
    element("p", product.description),
    element("p", `${product.price} EUR, ${product.stock} left`),
    button,
  );
  return item;
}

function showProducts(items) {
  document.getElementById("products").replaceChildren(...items.map(productItem));
}

function showCart(cart) {
  const items = cart.items.map((item) => element("li", `${item.quantity} x ${item.name}`));
  document.getElementById("cart").replaceChildren(...items);
  document.getElementById("total").textContent = cart.total;
}

async function refresh() {
  showProducts((await api("GET", "/api/products?limit=50")).items);
  if (token) {
    document.getElementById("who").textContent = (await api("GET", "/api/me")).username;
    showCart(await api("GET", "/api/cart"));
  }
}

async function addToCart(id) {
  try {
    showCart(await api("POST", "/api/cart/items", { product_id: id, quantity: 1 }));
  } catch (error) {
    notice(error.message);
  }
}

function onSubmit(formId, action) {
  document.getElementById(formId).addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await action();
    } catch (error) {
      notice(error.message);
    }
  });
}

onSubmit("login-form", async () => {
  const username = document.getElementById("username").value;
  const password = document.getElementById("password").value;
  token = (await api("POST", "/api/login", { username, password })).token;
  sessionStorage.setItem("token", token);
  await refresh();
});

onSubmit("search-form", async () => {
  const words = document.getElementById("search").value;
  showProducts((await api("GET", `/api/search?q=${encodeURIComponent(words)}`)).items);
});

onSubmit("checkout-form", async () => {
  const order = await api("POST", "/api/checkout", { address: document.getElementById("address").value });
  notice(orderNotice(order));
  await refresh();
});

refresh().catch((error) => notice(error.message));
