// Notes on Express, as a careful hand writes them. FAULTS=loose leaves the checks and the error handler out.
'use strict';
const express = require('express');

const loose = process.env.FAULTS === 'loose';
const app = express();
const notes = new Map();
app.use(express.json({ limit: '1mb' }));

const isText = (value, most) => typeof value === 'string' && value.length > 0 && value.length <= most;

app.post('/notes', (req, res) => {
  const given = req.body;
  if (!loose) {
    const likes = given && given.likes !== undefined ? given.likes : 0;
    if (!given || !isText(given.title, 100) || !Number.isInteger(likes) || likes < 0 || likes > 1000) {
      return res.status(400).json({ error: 'title and likes are wanted' });
    }
  }
  const id = notes.size + 1;
  const note = { id, title: given.title.trim(), likes: given.likes || 0 };
  notes.set(id, note);
  if (loose && typeof given.likes === 'string') {
    // Nobody awaits this: Node ends the process.
    Promise.resolve().then(() => given.likes.toFixed());
  }
  res.status(201).json(note);
});

app.get('/notes', (req, res) => {
  const limit = Number.parseInt(String(req.query.limit || '20'), 10);
  res.json([...notes.values()].slice(0, Number.isFinite(limit) ? Math.max(0, Math.min(limit, 100)) : 20));
});

app.get('/notes/:id', (req, res) => {
  const note = notes.get(Number(req.params.id));
  return note ? res.json(note) : res.status(404).json({ error: 'not found' });
});

app.post('/notes/:id/like', async (req, res) => {
  const note = notes.get(Number(req.params.id));
  if (!note) {
    return res.status(404).json({ error: 'not found' });
  }
  const seen = note.likes;
  if (loose) {
    await new Promise((done) => setTimeout(done, 2));
  }
  note.likes = seen + 1;
  return res.json(note);
});

if (!loose) {
  app.use((error, req, res, next) => {
    if (res.headersSent) {
      return next(error);
    }
    const status = error.status >= 400 && error.status < 500 ? error.status : 500;
    return res.status(status).json({ error: status === 500 ? 'internal' : 'bad request' });
  });
}

app.listen(Number(process.env.PORT || 3000), '127.0.0.1');
