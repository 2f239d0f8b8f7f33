/** What is heard on this page: the caller, and the signs that a call comes. */

const RATE = 8000;

/** A WAV file of tones; each lasts `ms` at `hz`, 0 Hz is silence. */
export function tones(parts: readonly { hz: number; ms: number }[]): Blob {
  const samples = parts.flatMap(({ hz, ms }) => {
    const count = Math.round((ms / 1000) * RATE);
    const edge = Math.min(80, count / 4);
    return Array.from({ length: count }, (_, n) => {
      const soft = Math.min(1, n / edge, (count - n) / edge);
      return Math.round(Math.sin((2 * Math.PI * hz * n) / RATE) * 9000 * soft);
    });
  });
  const data = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at: number, word: string) => [...word].forEach((c, n) => data.setUint8(at + n, c.charCodeAt(0)));
  text(0, "RIFF");
  data.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  data.setUint32(16, 16, true);
  data.setUint16(20, 1, true);
  data.setUint16(22, 1, true);
  data.setUint32(24, RATE, true);
  data.setUint32(28, RATE * 2, true);
  data.setUint16(32, 2, true);
  data.setUint16(34, 16, true);
  text(36, "data");
  data.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, n) => data.setInt16(44 + n * 2, sample, true));
  return new Blob([data.buffer], { type: "audio/wav" });
}

/** The signs that a page gives: a call is taken now, a call rings, a chord to try a loudspeaker with. */
export type Sign = "beep" | "ring" | "chord";

const CHORD = [523, 659, 784].map((hz) => ({ hz, ms: 350 }));
const BEEP = [{ hz: 1000, ms: 160 }];
/** Two short strokes and a pause, until the call is taken. */
const RING = [
  { hz: 660, ms: 220 },
  { hz: 0, ms: 120 },
  { hz: 880, ms: 260 },
  { hz: 0, ms: 1900 },
];

/** Play on a device; a browser that refuses, or a device that is gone, must not stop the call. */
async function playOn(element: HTMLAudioElement, device: string | null): Promise<void> {
  try {
    await element.setSinkId?.(device ?? "");
  } catch {
    await element.setSinkId?.("").catch(() => undefined);
  }
  await element.play().catch(() => undefined);
}

export class Sound {
  private readonly voice = new Audio();
  private readonly signs = new Audio();
  private readonly ringer = new Audio();
  private readonly tunes: Readonly<Record<Sign, string>> = {
    beep: URL.createObjectURL(tones(BEEP)),
    ring: URL.createObjectURL(tones(RING)),
    chord: URL.createObjectURL(tones(CHORD)),
  };

  constructor() {
    this.ringer.src = this.tunes.ring;
    this.ringer.loop = true;
  }

  /** Let the caller be heard. */
  hear(stream: MediaStream, device: string | null, volume: number): void {
    this.voice.srcObject = stream;
    this.setVolume(volume);
    void playOn(this.voice, device);
  }

  setVolume(volume: number): void {
    this.voice.volume = Math.min(1, Math.max(0, volume));
  }

  moveTo(device: string | null): void {
    if (this.voice.srcObject !== null) void playOn(this.voice, device);
  }

  silence(): void {
    this.voice.srcObject = null;
    this.stopRinging();
  }

  /** Give a sign once. */
  play(sign: Sign, device: string | null, volume = 1): void {
    this.signs.src = this.tunes[sign];
    this.signs.volume = Math.min(1, Math.max(0, volume));
    void playOn(this.signs, device);
  }

  ring(device: string | null): void {
    void playOn(this.ringer, device);
  }

  stopRinging(): void {
    this.ringer.pause();
    this.ringer.currentTime = 0;
  }
}
