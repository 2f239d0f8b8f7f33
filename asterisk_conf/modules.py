"""Which modules of Asterisk Hotline loads: no other is, so a start is quick and little can be attacked."""

from pathlib import Path

REQUIRED: tuple[str, ...] = (
    # clock, storage of settings, text format of the dialplan
    "res_timing_timerfd",
    "res_crypto",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "pbx_config",
    # sound: formats on disk, codecs on the line, music
    "format_pcm",
    "format_sln",
    "format_wav",
    "codec_alaw",
    "codec_ulaw",
    "codec_a_mu",
    "codec_resample",
    "res_musiconhold",
    # RTP and the bridges; softmix is the only one for talks: it keeps the time of recordings (ADR 0040)
    "res_rtp_asterisk",
    "res_srtp",
    "bridge_softmix",
    "bridge_holding",
    "bridge_builtin_features",
    "chan_bridge_media",
    "res_rtp_multicast",  # chan_rtp is linked against it
    "chan_rtp",
    # SIP
    "res_http_websocket",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_pubsub",
    "res_pjsip_acl",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_dlg_options",
    "res_pjsip_dtmf_info",
    "res_pjsip_empty_info",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_header_funcs",
    "res_pjsip_logger",
    "res_pjsip_nat",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration",
    "res_pjsip_path",
    "res_pjsip_refer",
    "res_pjsip_registrar",
    "res_pjsip_rfc3326",
    "res_pjsip_sdp_rtp",
    "res_pjsip_transport_websocket",
    "chan_pjsip",
    # the applications and functions that the dialplan and the service use
    "app_echo",  # a browser tests its sound with it before the first call
    "app_mixmonitor",
    "app_playback",
    "app_playtones",
    "app_senddtmf",
    "app_stack",
    "app_stasis",
    "app_verbose",
    "res_speech",  # res_agi is linked against it
    "res_agi",
    "func_callerid",
    "func_channel",
    "func_global",
    "func_groupcount",
    "func_hangupcause",
    "func_logic",
    "func_pjsip_aor",
    "func_pjsip_contact",
    "func_pjsip_endpoint",
    "func_strings",
    "func_talkdetect",
    "func_timeout",
    "func_volume",
    # ARI and AMI
    "res_stasis",
    "res_stasis_answer",
    "res_stasis_device_state",
    "res_stasis_playback",
    "res_stasis_recording",
    "res_stasis_snoop",
    "res_ari",
    "res_ari_model",
    "res_ari_applications",
    "res_ari_asterisk",
    "res_ari_bridges",
    "res_ari_channels",
    "res_ari_device_states",
    "res_ari_endpoints",
    "res_ari_events",
    "res_ari_playbacks",
    "res_ari_recordings",
    "res_ari_sounds",
    "res_manager_devicestate",
    "res_security_log",
)
"""Without one of these Hotline cannot work; Asterisk refuses to start when one fails to load."""

OPTIONAL: tuple[str, ...] = (
    "res_websocket_client",  # needed by chan_websocket since 22.5
    "chan_websocket",
    "res_audiosocket",
    "chan_audiosocket",
    "app_stasis_broadcast",
    "res_stasis_broadcast",
    "res_pjsip_notify",  # lets the phone of an agent take a call that the page answers
    "app_milliwatt",
    "codec_g722",
    "codec_gsm",
    "format_gsm",
    "format_wav_gsm",
    "codec_opus_open_source",
    "codec_opus",
    "res_format_attr_opus",
    "func_jitterbuffer",
    "func_uuid",
)
"""Loaded where the installation has them; nothing of the first call depends on them."""


def missing(module_dir: Path) -> list[str]:
    """The required modules that `module_dir` does not hold, in the order of `REQUIRED`."""
    return [name for name in REQUIRED if not (module_dir / f"{name}.so").is_file()]


def present(module_dir: Path) -> list[str]:
    """The optional modules that `module_dir` holds."""
    return [name for name in OPTIONAL if (module_dir / f"{name}.so").is_file()]
