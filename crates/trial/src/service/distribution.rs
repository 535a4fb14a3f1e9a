//! How a Python module that is missing is got: what is imported and what is installed often have different names, and the distribution that
//! has the module's name may be somebody else's.

use std::io::Read;
use std::path::Path;

use seaworthy_core::limits::SURROUNDING_FILE_BYTES;

/// Modules and the distribution each comes with, as PyPI has them; those of the same name are here because that was looked up as well.
const KNOWN: &[(&str, &str)] = &[
    ("Crypto", "pycryptodome"),
    ("Cryptodome", "pycryptodomex"),
    ("MySQLdb", "mysqlclient"),
    ("OpenSSL", "pyOpenSSL"),
    ("PIL", "Pillow"),
    ("aiohttp", "aiohttp"),
    ("attr", "attrs"),
    ("bs4", "beautifulsoup4"),
    ("celery", "celery"),
    ("cv2", "opencv-python"),
    ("dateutil", "python-dateutil"),
    ("decouple", "python-decouple"),
    ("django", "Django"),
    ("dns", "dnspython"),
    ("docx", "python-docx"),
    ("dotenv", "python-dotenv"),
    ("fastapi", "fastapi"),
    ("fitz", "PyMuPDF"),
    ("flask", "Flask"),
    ("flask_cors", "Flask-Cors"),
    ("flask_login", "Flask-Login"),
    ("flask_sqlalchemy", "Flask-SQLAlchemy"),
    ("git", "GitPython"),
    ("gunicorn", "gunicorn"),
    ("httpx", "httpx"),
    ("jinja2", "Jinja2"),
    ("jose", "python-jose"),
    ("jwt", "PyJWT"),
    ("magic", "python-magic"),
    ("multipart", "python-multipart"),
    ("numpy", "numpy"),
    ("pandas", "pandas"),
    ("pptx", "python-pptx"),
    ("psycopg2", "psycopg2-binary"),
    ("pydantic", "pydantic"),
    ("redis", "redis"),
    ("requests", "requests"),
    ("rest_framework", "djangorestframework"),
    ("serial", "pyserial"),
    ("skimage", "scikit-image"),
    ("sklearn", "scikit-learn"),
    ("slugify", "python-slugify"),
    ("socketio", "python-socketio"),
    ("sqlalchemy", "SQLAlchemy"),
    ("starlette", "starlette"),
    ("uvicorn", "uvicorn"),
    ("werkzeug", "Werkzeug"),
    ("yaml", "PyYAML"),
    ("zmq", "pyzmq"),
];

/// What to do about a module that is missing from a service that runs in `dir` below `root`. A command is said only where it is known to install
/// what is meant.
pub(super) fn advice(module: &str, root: &Path, dir: &str) -> String {
    let top = module.split('.').next().unwrap_or(module);
    let known = KNOWN.iter().find(|(name, _)| *name == top).map(|(_, distribution)| *distribution);
    let folders = if dir == "." { vec![""] } else { vec![dir, ""] };
    for folder in folders {
        let path = Path::new(folder).join("requirements.txt");
        let text = beginning(&root.join(&path)).unwrap_or_default();
        if text.lines().any(|line| requires(line, known.unwrap_or(top))) {
            let path = crate::http::shell::quoted(&path.to_string_lossy());
            return format!("install what the project names (`python3 -m pip install -r {path}`)");
        }
        let path = Path::new(folder).join("pyproject.toml");
        let text = beginning(&root.join(&path)).unwrap_or_default();
        if text.split(['"', '\'', '\n']).any(|part| requires(part, known.unwrap_or(top))) {
            return format!("install what {} names", path.display());
        }
    }
    match known {
        Some(distribution) if folded(distribution) == folded(top) => {
            format!("install it (`python3 -m pip install {distribution}`)")
        }
        Some(distribution) => {
            format!("install {distribution}, which has it (`python3 -m pip install {distribution}`)")
        }
        None => "install the distribution that has it, which may have another name".to_owned(),
    }
}

/// The beginning of a text file; a longer one is not read whole for a hint.
fn beginning(path: &Path) -> Option<String> {
    let mut text = Vec::new();
    std::fs::File::open(path).ok()?.take(SURROUNDING_FILE_BYTES).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Whether a requirement (PEP 508), or a line of Poetry's table, is of this distribution.
fn requires(line: &str, distribution: &str) -> bool {
    let is_of_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = line.trim().chars().take_while(is_of_name).collect();
    let after = line.trim().get(name.len()..).unwrap_or_default().trim_start();
    let ends = after.is_empty() || after.starts_with(['=', '<', '>', '!', '~', '[', ';', '#', '@', '(', ',']);
    ends && !name.is_empty()
        && (folded(&name) == folded(distribution)
            || folded(&name) == "psycopg2" && distribution == "psycopg2-binary")
}

/// As PyPI compares names (PEP 503).
fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_of_another_name_than_its_module_is_named() {
        let empty = tempfile::tempdir().unwrap();
        for (module, command) in [
            ("jwt", "pip install PyJWT`"),
            ("PIL.Image", "pip install Pillow`"),
            ("yaml", "pip install PyYAML`"),
            ("flask", "pip install Flask`"),
        ] {
            assert!(
                advice(module, empty.path(), ".").contains(command),
                "{}",
                advice(module, empty.path(), ".")
            );
        }
        let unknown = advice("nobody_knows_this", empty.path(), ".");
        assert!(!unknown.contains("pip install"), "{unknown}");
        assert!(KNOWN.is_sorted());
    }

    #[test]
    fn the_projects_own_list_comes_first_by_its_real_path() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("api")).unwrap();
        std::fs::write(root.path().join("api/requirements.txt"), "# web\nflask>=3\npyjwt[crypto]==2.8\n")
            .unwrap();
        let said = |module| advice(module, root.path(), "api");
        assert!(said("jwt").contains("`python3 -m pip install -r api/requirements.txt`"), "{}", said("jwt"));
        // A list that does not have it would not install it.
        assert!(said("yaml").contains("pip install PyYAML`"), "{}", said("yaml"));
        std::fs::write(root.path().join("pyproject.toml"), "[project]\ndependencies = [\"PyYAML>=6\"]\n")
            .unwrap();
        assert_eq!(said("yaml"), "install what pyproject.toml names");
    }
}
