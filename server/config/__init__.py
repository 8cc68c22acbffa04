"""What the operator decides (`settings`), and the keys the server makes for itself (`secret_keys`)."""

from server.config.processes import check_processes
from server.config.secret_keys import SecretKeys, check_keys, load_keys
from server.config.settings import Config, ConfigError, load_config, without_password

__all__ = [
    "Config",
    "ConfigError",
    "SecretKeys",
    "check_keys",
    "check_processes",
    "load_config",
    "load_keys",
    "without_password",
]
