export async function createPost(req, res) {
  const { title, body = "" } = req.body ?? {};
  if (title === undefined) {
    res.status(400).end();
    return;
  }
  res.status(201).json({ title, body });
}
