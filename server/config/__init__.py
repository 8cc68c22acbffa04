"""What the operator decides (`settings`), and the keys the server makes for itself (`secret_keys`)."""

from server.config.secret_keys import SecretKeys, load_keys
from server.config.settings import Config, ConfigError, load_config

__all__ = ["Config", "ConfigError", "SecretKeys", "load_config", "load_keys"]
