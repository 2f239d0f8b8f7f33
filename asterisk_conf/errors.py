"""What can go wrong with the PBX and its configuration.

HotlineError
  ConfigError
    UnsafeValue       a value would change the meaning of an Asterisk file
    PortInUse         another program listens where the PBX should
  InstallFailed       no usable Asterisk could be found or fetched
  PbxFailed           the private Asterisk did not do what it was told
"""

from core.errors import ConfigError, HotlineError


class UnsafeValue(ConfigError):
    """A value holds characters that an Asterisk configuration file cannot carry."""

    code = "unsafe_value"


class PortInUse(ConfigError):
    """A port that the PBX should listen on is in use."""

    code = "port_in_use"


class InstallFailed(HotlineError):
    """No usable Asterisk could be found or fetched."""

    code = "asterisk_install_failed"


class PbxFailed(HotlineError):
    """The private Asterisk did not do what it was told."""

    code = "pbx_failed"
