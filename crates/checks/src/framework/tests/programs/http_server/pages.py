PAGES = {
    "/about": "about",
    "/help": "help",
}
