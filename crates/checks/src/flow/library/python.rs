//! Python's standard library, and the packages that services are made with.

use super::{Makes, Sink, Takes, When, objects, sink};
use crate::facts::syntax::{Expr, ExprKind, Text};
use crate::flow::call::Given;
use crate::flow::guard::Implied;
use crate::flow::known::Known;
use crate::flow::matching;
use crate::flow::pattern;
use crate::flow::risk::{Risk, Risks};
use crate::flow::value::{Beside, Shape, Value};
use crate::flow::walk::Walk;

/// Where something from outside does harm.
pub(super) const SINKS: &[Sink] = &[
    // PEP 249 and what follows it: the statement is the first argument, what is bound to it the second.
    sink(".execute", Risk::Query, Takes::At(0, "statement"), When::Statement),
    sink(".executemany", Risk::Query, Takes::At(0, "operation"), When::Statement),
    sink(".executescript", Risk::Query, Takes::At(0, "sql_script"), When::Always),
    sink(".execute_fetchall", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink(".raw", Risk::Query, Takes::At(0, "raw_query"), When::Among(Beside::QUERY)),
    sink(".fetchrow", Risk::Query, Takes::At(0, "query"), When::Among(Beside::QUERY)),
    sink(".fetchval", Risk::Query, Takes::At(0, "query"), When::Among(Beside::QUERY)),
    sink(".fetch", Risk::Query, Takes::At(0, "query"), When::Among(Beside::QUERY)),
    sink("sqlalchemy.text", Risk::Query, Takes::At(0, "text"), When::Always),
    sink("sqlalchemy.sql.text", Risk::Query, Takes::At(0, "text"), When::Always),
    sink("django.db.models.expressions.RawSQL", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink("pandas.read_sql", Risk::Query, Takes::At(0, "sql"), When::Always),
    sink("pandas.read_sql_query", Risk::Query, Takes::At(0, "sql"), When::Always),
    // https://docs.python.org/3/library/subprocess.html#security-considerations
    sink("os.system", Risk::Command, Takes::At(0, "command"), When::Always),
    sink("os.popen", Risk::Command, Takes::At(0, "cmd"), When::Always),
    sink("subprocess.getoutput", Risk::Command, Takes::At(0, "cmd"), When::Always),
    sink("subprocess.getstatusoutput", Risk::Command, Takes::At(0, "cmd"), When::Always),
    sink("asyncio.create_subprocess_shell", Risk::Command, Takes::At(0, "cmd"), When::Always),
    sink("subprocess.run", Risk::Command, Takes::At(0, "args"), When::Shell),
    sink("subprocess.call", Risk::Command, Takes::At(0, "args"), When::Shell),
    sink("subprocess.Popen", Risk::Command, Takes::At(0, "args"), When::Shell),
    sink("subprocess.check_call", Risk::Command, Takes::At(0, "args"), When::Shell),
    sink("subprocess.check_output", Risk::Command, Takes::At(0, "args"), When::Shell),
    sink(".exec_command", Risk::Command, Takes::At(0, "command"), When::Always),
    sink("eval", Risk::Code, Takes::At(0, "source"), When::Always),
    sink("exec", Risk::Code, Takes::At(0, "source"), When::Always),
    sink("compile", Risk::Code, Takes::At(0, "source"), When::Always),
    sink("importlib.import_module", Risk::Code, Takes::At(0, "name"), When::Always),
    sink("__import__", Risk::Code, Takes::At(0, "name"), When::Always),
    // A template is code: https://jinja.palletsprojects.com/en/stable/sandbox/
    sink("flask.render_template_string", Risk::Code, Takes::At(0, "source"), When::Always),
    sink("jinja2.Template", Risk::Code, Takes::At(0, "source"), When::Always),
    sink("mako.template.Template", Risk::Code, Takes::At(0, "text"), When::Always),
    sink(".from_string", Risk::Code, Takes::At(0, "source"), When::Always),
    sink("open", Risk::Path, Takes::At(0, "file"), When::Always),
    sink("io.open", Risk::Path, Takes::At(0, "file"), When::Always),
    sink("codecs.open", Risk::Path, Takes::At(0, "filename"), When::Always),
    sink("aiofiles.open", Risk::Path, Takes::At(0, "file"), When::Always),
    sink("os.open", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.remove", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.unlink", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.rmdir", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.mkdir", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.makedirs", Risk::Path, Takes::At(0, "name"), When::Always),
    sink("os.listdir", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.scandir", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.rename", Risk::Path, Takes::Any, When::Always),
    sink("os.replace", Risk::Path, Takes::Any, When::Always),
    sink("shutil.copy", Risk::Path, Takes::Any, When::Always),
    sink("shutil.copyfile", Risk::Path, Takes::Any, When::Always),
    sink("shutil.move", Risk::Path, Takes::Any, When::Always),
    sink("shutil.rmtree", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("shutil.copy2", Risk::Path, Takes::Any, When::Always),
    sink("shutil.copytree", Risk::Path, Takes::Any, When::Always),
    sink("os.symlink", Risk::Path, Takes::Any, When::Always),
    sink("os.link", Risk::Path, Takes::Any, When::Always),
    sink("os.walk", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.chmod", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.chown", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.truncate", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.utime", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.removedirs", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.lstat", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.access", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("glob.glob", Risk::Path, Takes::At(0, "pathname"), When::Always),
    sink("glob.iglob", Risk::Path, Takes::At(0, "pathname"), When::Always),
    sink("tarfile.open", Risk::Path, Takes::At(0, "name"), When::Always),
    sink("flask.send_file", Risk::Path, Takes::At(0, "path_or_file"), When::Always),
    sink("fastapi.responses.FileResponse", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("starlette.responses.FileResponse", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("django.http.FileResponse", Risk::Path, Takes::At(0, "streaming_content"), When::Always),
    sink("aiohttp.web.FileResponse", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("zipfile.ZipFile", Risk::Path, Takes::At(0, "file"), When::Always),
    sink("os.path.exists", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.path.isfile", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.path.isdir", Risk::Path, Takes::At(0, "s"), When::Always),
    sink("os.stat", Risk::Path, Takes::At(0, "path"), When::Always),
    sink("os.path.getsize", Risk::Path, Takes::At(0, "filename"), When::Always),
    sink("os.path.getmtime", Risk::Path, Takes::At(0, "filename"), When::Always),
    sink(".exists", Risk::Path, Takes::Receiver, When::Always),
    sink(".is_file", Risk::Path, Takes::Receiver, When::Always),
    sink(".read_text", Risk::Path, Takes::Receiver, When::Always),
    sink(".read_bytes", Risk::Path, Takes::Receiver, When::Always),
    sink(".write_text", Risk::Path, Takes::Receiver, When::Always),
    sink(".write_bytes", Risk::Path, Takes::Receiver, When::Always),
    sink(".unlink", Risk::Path, Takes::Receiver, When::Always),
    sink(".iterdir", Risk::Path, Takes::Receiver, When::Always),
    sink(".open", Risk::Path, Takes::Receiver, When::Always),
    sink(".rmdir", Risk::Path, Takes::Receiver, When::Always),
    sink(".touch", Risk::Path, Takes::Receiver, When::Always),
    sink(".is_dir", Risk::Path, Takes::Receiver, When::Always),
    sink(".save", Risk::Path, Takes::At(0, "dst"), When::Upload),
    sink("print", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.debug", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.info", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.warning", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.error", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.exception", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.getLogger().debug", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.getLogger().info", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.getLogger().warning", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.getLogger().error", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.getLogger().exception", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.critical", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.log", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.getLogger().critical", Risk::Log, Takes::Any, When::PlainLine),
    sink("logging.getLogger().log", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.Flask().logger.debug", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.Flask().logger.critical", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.current_app.logger.debug", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.current_app.logger.critical", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.current_app.logger.exception", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.Flask().logger.info", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.Flask().logger.warning", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.Flask().logger.error", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.Flask().logger.exception", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.current_app.logger.info", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.current_app.logger.warning", Risk::Log, Takes::Any, When::PlainLine),
    sink("flask.current_app.logger.error", Risk::Log, Takes::Any, When::PlainLine),
    sink("markupsafe.Markup", Risk::Markup, Takes::At(0, "object"), When::Always),
    sink("flask.Markup", Risk::Markup, Takes::At(0, "object"), When::Always),
    sink("django.utils.safestring.mark_safe", Risk::Markup, Takes::At(0, "s"), When::Always),
    sink("fastapi.responses.HTMLResponse", Risk::Markup, Takes::At(0, "content"), When::Always),
    sink("starlette.responses.HTMLResponse", Risk::Markup, Takes::At(0, "content"), When::Always),
    sink("django.http.HttpResponse", Risk::Markup, Takes::At(0, "content"), When::Page),
    sink("flask.make_response", Risk::Markup, Takes::At(0, "rv"), When::Page),
    sink("flask.Response", Risk::Markup, Takes::At(0, "response"), When::Page),
    sink("requests.get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.post", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.put", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.head", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.delete", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.patch", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.options", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.Session().put", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.Session().patch", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.Session().delete", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.Session().head", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.Session().options", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.Session().request", Risk::Request, Takes::At(1, "url"), When::Always),
    sink("httpx.put", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.patch", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.delete", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.options", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.Client().put", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.Client().patch", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.Client().delete", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.Client().options", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.AsyncClient().put", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.AsyncClient().patch", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.AsyncClient().delete", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.AsyncClient().options", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.Client().head", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("aiohttp.ClientSession().put", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("aiohttp.ClientSession().patch", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("aiohttp.ClientSession().delete", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("aiohttp.ClientSession().head", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("aiohttp.ClientSession().options", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("aiohttp.ClientSession().request", Risk::Request, Takes::At(1, "url"), When::Always),
    sink("requests.request", Risk::Request, Takes::At(1, "url"), When::Always),
    sink("requests.Session().get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("requests.Session().post", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.post", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.head", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.request", Risk::Request, Takes::At(1, "url"), When::Always),
    sink("httpx.stream", Risk::Request, Takes::At(1, "url"), When::Always),
    sink("httpx.Client().get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.Client().post", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.Client().stream", Risk::Request, Takes::At(1, "url"), When::Always),
    sink("httpx.Client().request", Risk::Request, Takes::At(1, "url"), When::Always),
    sink("httpx.AsyncClient().get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.AsyncClient().head", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.AsyncClient().post", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("httpx.AsyncClient().stream", Risk::Request, Takes::At(1, "url"), When::Always),
    sink("httpx.AsyncClient().request", Risk::Request, Takes::At(1, "url"), When::Always),
    sink("aiohttp.ClientSession().get", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("aiohttp.ClientSession().post", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("urllib.request.urlopen", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("urllib.request.Request", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("urllib.request.urlretrieve", Risk::Request, Takes::At(0, "url"), When::Always),
    sink("flask.redirect", Risk::Redirect, Takes::At(0, "location"), When::Always),
    sink("werkzeug.utils.redirect", Risk::Redirect, Takes::At(0, "location"), When::Always),
    sink("django.shortcuts.redirect", Risk::Redirect, Takes::At(0, "to"), When::Always),
    sink("django.http.HttpResponseRedirect", Risk::Redirect, Takes::At(0, "redirect_to"), When::Always),
    sink("fastapi.responses.RedirectResponse", Risk::Redirect, Takes::At(0, "url"), When::Always),
    sink("starlette.responses.RedirectResponse", Risk::Redirect, Takes::At(0, "url"), When::Always),
    sink("aiohttp.web.HTTPFound", Risk::Redirect, Takes::At(0, "location"), When::Always),
    // https://docs.python.org/3/library/pickle.html: never unpickle data that could have come from an untrusted source.
    sink("pickle.loads", Risk::Objects, Takes::At(0, "data"), When::Always),
    sink("pickle.load", Risk::Objects, Takes::At(0, "file"), When::Always),
    sink("pickle.Unpickler", Risk::Objects, Takes::At(0, "file"), When::Always),
    sink("_pickle.loads", Risk::Objects, Takes::At(0, "data"), When::Always),
    sink("cPickle.loads", Risk::Objects, Takes::At(0, "data"), When::Always),
    sink("dill.loads", Risk::Objects, Takes::At(0, "str"), When::Always),
    sink("cloudpickle.loads", Risk::Objects, Takes::At(0, "data"), When::Always),
    sink("marshal.loads", Risk::Objects, Takes::At(0, "bytes"), When::Always),
    sink("jsonpickle.decode", Risk::Objects, Takes::At(0, "string"), When::Always),
    sink("joblib.load", Risk::Objects, Takes::At(0, "filename"), When::Always),
    sink("yaml.load", Risk::Objects, Takes::At(0, "stream"), When::UnsafeLoader),
    sink("yaml.load_all", Risk::Objects, Takes::At(0, "stream"), When::UnsafeLoader),
    sink("yaml.unsafe_load", Risk::Objects, Takes::At(0, "stream"), When::Always),
    sink("yaml.full_load", Risk::Objects, Takes::At(0, "stream"), When::Always),
    sink("lxml.etree.fromstring", Risk::Entities, Takes::At(0, "text"), When::Entities),
    sink("lxml.etree.parse", Risk::Entities, Takes::At(0, "source"), When::Entities),
    sink("lxml.etree.XML", Risk::Entities, Takes::At(0, "text"), When::Entities),
    sink("xml.dom.pulldom.parseString", Risk::Entities, Takes::At(0, "string"), When::Entities),
    sink("xml.dom.pulldom.parse", Risk::Entities, Takes::At(0, "stream_or_string"), When::Entities),
    sink("xml.dom.minidom.parseString", Risk::Entities, Takes::At(0, "string"), When::Entities),
    sink("xml.dom.minidom.parse", Risk::Entities, Takes::At(0, "file"), When::Entities),
    sink("xml.sax.parseString", Risk::Entities, Takes::At(0, "string"), When::Entities),
    // RFC 4515, section 3: what stands in a filter has `*()\` and NUL escaped.
    sink(".search", Risk::Directory, Takes::At(1, "search_filter"), When::Among(Beside::FILTER)),
    sink(".search_s", Risk::Directory, Takes::At(2, "filterstr"), When::Always),
    sink(".search_st", Risk::Directory, Takes::At(2, "filterstr"), When::Always),
    sink(".search_ext", Risk::Directory, Takes::At(2, "filterstr"), When::Always),
    sink(".search_ext_s", Risk::Directory, Takes::At(2, "filterstr"), When::Always),
    sink(".paged_search", Risk::Directory, Takes::At(1, "search_filter"), When::Among(Beside::FILTER)),
    sink(".xpath", Risk::Selector, Takes::At(0, "_path"), When::Always),
    sink("lxml.etree.XPath", Risk::Selector, Takes::At(0, "path"), When::Always),
    sink("lxml.etree.ETXPath", Risk::Selector, Takes::At(0, "path"), When::Always),
    sink("elementpath.select", Risk::Selector, Takes::At(1, "path"), When::Always),
    sink("elementpath.iter_select", Risk::Selector, Takes::At(1, "path"), When::Always),
    sink("elementpath.Selector", Risk::Selector, Takes::At(0, "path"), When::Always),
    sink(".find", Risk::Selector, Takes::At(0, "path"), When::Among(Beside::SELECTOR)),
    sink(".findall", Risk::Selector, Takes::At(0, "path"), When::Among(Beside::SELECTOR)),
    sink(".findtext", Risk::Selector, Takes::At(0, "path"), When::Among(Beside::SELECTOR)),
    sink(".iterfind", Risk::Selector, Takes::At(0, "path"), When::Among(Beside::SELECTOR)),
    sink("re.compile", Risk::Pattern, Takes::At(0, "pattern"), When::Always),
    sink("re.search", Risk::Pattern, Takes::At(0, "pattern"), When::Always),
    sink("re.match", Risk::Pattern, Takes::At(0, "pattern"), When::Always),
    sink("re.fullmatch", Risk::Pattern, Takes::At(0, "pattern"), When::Always),
    sink("re.findall", Risk::Pattern, Takes::At(0, "pattern"), When::Always),
    sink("re.finditer", Risk::Pattern, Takes::At(0, "pattern"), When::Always),
    sink("re.sub", Risk::Pattern, Takes::At(0, "pattern"), When::Always),
    sink("re.split", Risk::Pattern, Takes::At(0, "pattern"), When::Always),
    sink("re.search", Risk::Subject, Takes::At(1, "string"), When::Pattern),
    sink("re.match", Risk::Subject, Takes::At(1, "string"), When::Pattern),
    sink("re.fullmatch", Risk::Subject, Takes::At(1, "string"), When::Pattern),
    sink("re.findall", Risk::Subject, Takes::At(1, "string"), When::Pattern),
    sink("re.finditer", Risk::Subject, Takes::At(1, "string"), When::Pattern),
    sink("re.split", Risk::Subject, Takes::At(1, "string"), When::Pattern),
    sink("re.sub", Risk::Subject, Takes::At(2, "string"), When::Pattern),
    sink(".search", Risk::Subject, Takes::At(0, "string"), When::Pattern),
    sink(".match", Risk::Subject, Takes::At(0, "string"), When::Pattern),
    sink(".fullmatch", Risk::Subject, Takes::At(0, "string"), When::Pattern),
    sink(".findall", Risk::Subject, Takes::At(0, "string"), When::Pattern),
    sink(".finditer", Risk::Subject, Takes::At(0, "string"), When::Pattern),
    sink(".sub", Risk::Subject, Takes::At(1, "string"), When::Pattern),
];

/// What functions make of what they are given.
const MAKES: &[(Makes, &[&str])] = &[
    (
        Makes::Nothing,
        &[
            "int",
            "float",
            "bool",
            "len",
            "ord",
            "abs",
            "round",
            "hash",
            "id",
            "sum",
            "isinstance",
            "type",
            "any",
            "all",
            "hasattr",
            "callable",
            "complex",
            "hex",
            "oct",
            "bin",
            "uuid.UUID",
            "decimal.Decimal",
            "datetime.datetime.fromisoformat",
            "datetime.datetime.strptime",
            "datetime.date.fromisoformat",
            "datetime.time.fromisoformat",
            "ipaddress.IPv4Address",
            "ipaddress.ip_network",
            "os.path.exists",
            "os.path.isfile",
            "os.path.isdir",
            "os.path.getsize",
            "bcrypt.hashpw",
            "bcrypt.checkpw",
        ],
    ),
    (
        Makes::Without(Risks::of(&[Risk::Markup])),
        &[
            "html.escape",
            "markupsafe.escape",
            "flask.escape",
            "cgi.escape",
            "bleach.clean",
            "nh3.clean",
            "django.utils.html.escape",
            "django.utils.html.conditional_escape",
            "xml.sax.saxutils.escape",
            "xml.sax.saxutils.quoteattr",
        ],
    ),
    // Behind the `%` of a version 6 address anything may stand but a slash (Python 3.9).
    (
        Makes::Without(Risks::of(&[
            Risk::Path,
            Risk::Request,
            Risk::Redirect,
            Risk::Code,
            Risk::Objects,
            Risk::Entities,
            Risk::Session,
        ])),
        &["ipaddress.ip_address", "ipaddress.IPv6Address"],
    ),
    (Makes::Without(Risks::of(&[Risk::Command])), &["shlex.quote", "pipes.quote"]),
    // What is left has no slash.
    (
        Makes::Without(Risks::of(&[Risk::Path])),
        &[
            "os.path.basename",
            "ntpath.basename",
            "posixpath.basename",
            "werkzeug.utils.secure_filename",
            "werkzeug.secure_filename",
            "werkzeug.utils.safe_join",
            "flask.safe_join",
            "werkzeug.security.safe_join",
        ],
    ),
    (Makes::Without(Risks::of(&[Risk::Pattern])), &["re.escape"]),
    (
        Makes::Without(Risks::of(&[Risk::Directory])),
        &[
            "ldap3.utils.conv.escape_filter_chars",
            "ldap3.utils.conv.escape_bytes",
            "ldap3.utils.dn.escape_rdn",
            "ldap.filter.escape_filter_chars",
            "ldap.filter.filter_format",
            "ldap.dn.escape_dn_chars",
        ],
    ),
    (
        Makes::Without(Risks::of(&[
            Risk::Markup,
            Risk::Log,
            Risk::Query,
            Risk::Command,
            Risk::Directory,
            Risk::Selector,
        ])),
        &[
            "urllib.parse.quote",
            "urllib.parse.quote_plus",
            "urllib.parse.urlencode",
            "django.utils.http.urlquote",
        ],
    ),
    // They write line ends as `\n`.
    (Makes::Without(Risks::of(&[Risk::Log])), &["json.dumps", "repr", "ascii"]),
    (
        Makes::Undoes,
        &[
            "urllib.parse.unquote",
            "urllib.parse.unquote_plus",
            "base64.b64decode",
            "base64.urlsafe_b64decode",
            "base64.standard_b64decode",
            "base64.b32decode",
            "base64.b85decode",
            "binascii.unhexlify",
            "bytes.fromhex",
            "html.unescape",
            "codecs.decode",
            "zlib.decompress",
            "gzip.decompress",
        ],
    ),
    (Makes::Keeps, &["base64.b64encode", "base64.urlsafe_b64encode", "binascii.hexlify"]),
    (Makes::Normal, &["os.path.normpath", "os.path.abspath", "os.path.realpath"]),
    (
        Makes::Many,
        &[
            "list",
            "tuple",
            "set",
            "frozenset",
            "dict",
            "sorted",
            "reversed",
            "zip",
            "enumerate",
            "filter",
            "collections.OrderedDict",
            "collections.defaultdict",
            "collections.deque",
        ],
    ),
    (
        Makes::Keeps,
        &[
            "str",
            "bytes",
            "bytearray",
            "format",
            "iter",
            "next",
            "min",
            "max",
            "copy.copy",
            "copy.deepcopy",
            "json.loads",
            "json.load",
            "ast.literal_eval",
            "urllib.parse.urlparse",
            "urllib.parse.urlsplit",
            "urllib.parse.urljoin",
            "urllib.parse.urlunparse",
            "urllib.parse.parse_qs",
            "urllib.parse.parse_qsl",
            "os.path.join",
            "os.path.expanduser",
            "os.path.commonpath",
            "os.path.dirname",
            "os.path.split",
            "os.path.splitext",
            "os.fspath",
            "pathlib.Path",
            "pathlib.PurePath",
            "pathlib.PurePosixPath",
            "io.BytesIO",
            "textwrap.dedent",
            "unicodedata.normalize",
            "string.Template",
            "str.join",
            "str.format",
            "http.cookies.SimpleCookie",
            "itertools.chain",
            "str.lower",
            "str.strip",
            "operator.itemgetter",
            "flask.request.args.get",
            "typing.cast",
            "cast",
            "getattr",
            "yaml.safe_load",
            "csv.reader",
            "csv.DictReader",
            "email.utils.parseaddr",
            "email.message_from_bytes",
            "email.message_from_string",
            "markdown.markdown",
            "xml.etree.ElementTree.fromstring",
            "fastapi.encoders.jsonable_encoder",
            "asyncio.to_thread",
        ],
    ),
];

/// What a function makes of what it is given; `None` for one that is not known.
pub(super) fn makes(dotted: &str) -> Option<Makes> {
    MAKES.iter().find(|(_, names)| names.contains(&dotted)).map(|(makes, _)| *makes)
}

/// Calls with a meaning of their own.
pub(super) fn special<'a>(
    walk: &mut Walk<'_, 'a>,
    dotted: &str,
    given: &Given<'a>,
    expr: &'a Expr,
) -> Option<Value<'a>> {
    match dotted {
        "map" => {
            let items = given.positional.get(1).cloned().unwrap_or(Value::UNKNOWN);
            let item = walk.item_of(&items);
            let function = given.positional.first()?.clone();
            match &function.shape {
                Shape::Function(..) => Some(
                    Value::tainted(walk.call_back(&function, vec![item], expr.extent).all_taints())
                        .into_many(),
                ),
                Shape::Name(name) => match makes(name) {
                    Some(Makes::Nothing) => Some(Value::UNKNOWN),
                    _ => Some(Value::tainted(item.all_taints()).into_many()),
                },
                _ => None,
            }
        }
        "dict" | "list" | "str" => match (given.positional.as_slice(), dotted) {
            ([one], "str") if matches!(one.shape, Shape::Many) => Some(Value::tainted(one.taints.clone())),
            ([one], "str") if !matches!(one.shape, Shape::Name(_)) => Some(one.clone()),
            ([one], _) if matches!(one.shape, Shape::Text(_) | Shape::Number(_)) => Some(one.clone()),
            _ => None,
        },
        "chr" => match given.positional.first().map(|value| &value.shape) {
            Some(Shape::Number(code)) => {
                let character = u32::try_from(*code).ok().and_then(char::from_u32)?;
                Some(Value::of(Shape::Text(Text::from(character.to_string()))))
            }
            _ => Some(Value::UNKNOWN),
        },
        "os.path.splitext" => {
            let path = given.positional.first()?;
            let ending = Value::made_of(&[path]).marked(Beside::PART).without(Risks::of(&[Risk::Path]));
            Some(Value::of(Shape::List(std::rc::Rc::new(vec![Value::made_of(&[path]), ending]))))
        }
        "dataclasses.asdict" => match &given.positional.first()?.shape {
            Shape::Object(_, _, fields) => Some(Value::of(Shape::Record(fields.clone()))),
            _ => None,
        },
        "re.compile" => {
            let pattern = given.positional.first().and_then(Value::text)?;
            Some(Value::of(pattern::compiled(pattern, &matching::flags_of(walk, given, 1))))
        }
        // They refuse what is none of theirs, so that what follows knows what it was given.
        "uuid.UUID" | "int" | "float" => {
            let value = given.positional.first()?.clone();
            let written = given.written.first().map(|argument| &argument.value);
            let risks = Risks::ALL.without(Risks::of(&[Risk::Session, Risk::Request]));
            let known = Known { risks, marks: Beside::WORD };
            let told = walk.told_known(written, &value, known);
            walk.assume(&Implied::when_true(told).value(), true);
            None
        }
        "any" => {
            let ExprKind::Comprehension(each) = &expr.call()?.arguments.first()?.value.kind else {
                return None;
            };
            let all = walk.elements(each);
            let found = Implied::of(&all.element)?;
            Some(Implied { yes: found.yes.clone(), no: all.each.no }.value())
        }
        "all" => {
            let ExprKind::Comprehension(each) = &expr.call()?.arguments.first()?.value.kind else {
                return None;
            };
            Some(Implied::when_true(walk.elements(each).each.yes).value())
        }
        // They fail where a name stands for no address.
        "socket.getaddrinfo" | "socket.gethostbyname" | "socket.gethostbyname_ex" => {
            let host = Value::made_of(&[given.at_or(0, "host")?]);
            Some(host.marked(Beside(Beside::HOST.0 | Beside::RESOLVED.0)))
        }
        "len" => Implied::of(given.positional.first()?).map(|implied| implied.clone().value()),
        "range" => Some(Value::UNKNOWN),
        "subprocess.list2cmdline" | "shlex.split" | "shlex.join" => Some(Value::made_of(&given.all())),
        _ => objects::special(walk, dotted, given, expr),
    }
}
