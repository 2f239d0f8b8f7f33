"""What the recorder makes of packets: places on the timeline, gaps, losses, tones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ua import Packet, Received, digits, tone_power
from cti.ua.digits import Wait
from speech.g711 import decode, encode

pytestmark = pytest.mark.unit

FRAME = 160


def received(*packets: tuple[float, int, int], origin: float = 100.0) -> Received:
    """Packets as (arrival after the INVITE, sequence, RTP timestamp), each of a constant level of its sequence."""
    heard = Received(origin)
    for at, sequence, timestamp in packets:
        level = np.full(FRAME, 1000 + 100 * (sequence % 50), np.int16)
        heard.add(Packet(origin + at, sequence, timestamp, 8, encode(level)))
    return heard


def test_jitter_does_not_move_the_sound() -> None:
    heard = received((1.0, 1, 0), (1.035, 2, 160), (1.036, 3, 320))
    pcm = heard.pcm(start=1.0)
    assert len(pcm) == 3 * FRAME
    assert [round(int(pcm[n * FRAME]), -2) for n in range(3)] == [1100, 1200, 1300]


def test_a_pause_in_sending_is_silence_of_its_length() -> None:
    heard = received((1.0, 1, 0), (1.52, 2, 160))
    pcm = heard.pcm(start=1.0)
    assert len(pcm) == round(0.54 * 8000)
    assert not pcm[FRAME : round(0.52 * 8000)].any()


def test_a_burst_after_a_stall_is_heard_in_full_and_what_follows_a_pause_is_in_time() -> None:
    stalled = [(1.42, n, n * FRAME) for n in range(1, 22)]  # 0.4 s late, then twenty more at once
    paced = [(1.42 + 0.02 * n, 21 + n, (21 + n) * FRAME) for n in range(1, 11)]
    heard = received((1.0, 0, 0), *stalled, *paced, (2.4, 70, 70 * FRAME))
    pcm = heard.pcm(start=1.0)
    assert not pcm[FRAME : round(0.42 * 8000)].any()
    levels = [int(pcm[round(0.42 * 8000) + n * FRAME]) for n in range(31)]
    assert levels == pytest.approx([1000 + 100 * n for n in range(1, 32)], abs=70)
    assert len(pcm) == round(1.4 * 8000) + FRAME, "what comes after the pause is where it arrived"


def test_what_a_stall_has_held_up_is_in_time_again_after_a_silence() -> None:
    heard = Received(100.0)
    loud, silence = np.full(FRAME, 3000, np.int16), np.zeros(FRAME, np.int16)
    for n in range(200):  # 0.4 s late from the first on, then in time; silence from 0.4 to 3.6 s
        at = max(1.4, 1.0 + 0.02 * n)
        heard.add(Packet(100 + at, n, n * FRAME, 8, encode(loud if n < 20 or n >= 180 else silence)))
    pcm = heard.pcm(start=1.0)
    sounds = np.flatnonzero(np.abs(pcm) > 1000)
    assert sounds[0] == round(0.4 * 8000)
    last = sounds[np.flatnonzero(np.diff(sounds) > 1)[-1] + 1]
    assert last == pytest.approx(3.6 * 8000, abs=700)
    assert len(sounds) == 40 * FRAME, "nothing of it is lost"


def test_a_lost_packet_leaves_its_place_silent() -> None:
    heard = received((1.0, 1, 0), (1.04, 3, 320))
    pcm = heard.pcm(start=1.0)
    assert len(pcm) == 3 * FRAME
    assert not pcm[FRAME : 2 * FRAME].any()
    assert heard.lost == 1


def test_the_timestamp_may_wrap_and_the_stream_may_change() -> None:
    heard = received((1.0, 65535, 2**32 - 160), (1.02, 0, 0), (1.04, 7, 987_654_321))
    assert len(heard.pcm(start=1.0)) == 3 * FRAME


def test_a_part_of_the_timeline_has_exactly_its_length() -> None:
    heard = received((1.0, 1, 0), (1.02, 2, 160))
    assert len(heard.pcm(0.5, 2.0)) == 12000
    assert len(heard.pcm(3.0, 4.0)) == 8000
    assert len(Received(0.0).pcm()) == 0


def test_gaps_between_packets_and_at_the_edges() -> None:
    heard = received((1.0, 1, 0), (1.02, 2, 160), (1.12, 3, 960))
    assert [(round(g.at, 2), round(g.ms)) for g in heard.gaps(50)] == [(1.02, 100)]
    assert [(round(g.at, 2), round(g.ms)) for g in heard.gaps(50, 0.5, 2.0)] == [(0.5, 500), (1.02, 100), (1.12, 880)]
    assert [round(g.ms) for g in Received(0.0).gaps(50, 0.0, 1.0)] == [1000]


@pytest.mark.parametrize("hz", [400, 440, 1004, 3000])
def test_the_level_of_a_tone(hz: int) -> None:
    wave = (32767 * 10 ** (-12 / 20) * np.sin(2 * np.pi * hz / 8000 * np.arange(8000))).astype(np.int16)
    assert abs(tone_power(wave, hz) + 12) < 0.1
    assert tone_power(wave, hz + 200) < -40
    assert tone_power(np.zeros(8000, np.int16), hz) == -120


def test_the_script_of_keys() -> None:
    assert digits.parse("1,w3,2#") == ["1", Wait(3.0), "2#"]
    assert digits.parse(" 3200000001# , w0.5 ") == ["3200000001#", Wait(0.5)]
    assert digits.parse("") == []


def test_a_key_is_100_ms_with_three_ends() -> None:
    sent = [tick for tick in digits.ticks("#") if tick is not None]
    assert [tick.payload[0] for tick in sent] == [11] * 8
    assert [int.from_bytes(tick.payload[2:4], "big") for tick in sent] == [160, 320, 480, 640, 800, 800, 800, 800]
    assert [bool(tick.payload[1] & 0x80) for tick in sent] == [False] * 5 + [True] * 3
    assert {digits.key_of(tick.payload) for tick in sent} == {"#"}


@given(st.binary(min_size=1, max_size=400), st.sampled_from(["PCMA", "PCMU"]))
def test_g711_gives_back_what_it_was_given(octets: bytes, law: str) -> None:
    pcm = decode(octets, law)  # type: ignore[arg-type]
    again = decode(encode(pcm, law), law)  # type: ignore[arg-type]
    assert (pcm == again).all()


def test_g711_known_values() -> None:
    assert encode(np.array([0, 8, -8, 32767, -32768], np.int16)).hex() == "d5d555aa2a"
    assert encode(np.array([0, 32767, -32768], np.int16), "PCMU").hex() == "ff8000"
    assert list(decode(bytes([0xD5, 0x55, 0xAA, 0x2A]))) == [8, -8, 32256, -32256]
