/** How loud something is: a microphone, or one tone in what comes back from the telephone system. Levels in dBFS. */

/** Below this nothing is told apart from silence. */
export const SILENCE_DB = -100;
const WINDOW = 2048;
const TONE_WINDOW = 4096;
const TONE_WIDTH_HZ = 30;

/** Root mean square of samples from -1 to 1, in dBFS; never below SILENCE_DB. */
export function rmsDb(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < samples.length; n++) sum += (samples[n] as number) ** 2;
  const rms = samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
  return rms === 0 ? SILENCE_DB : Math.max(SILENCE_DB, 20 * Math.log10(rms));
}

/** Level as a share of a bar from 0 to 1: speech lies in its upper half. */
export function share(db: number): number {
  return Math.min(1, Math.max(0, (db + 70) / 60));
}

let context: AudioContext | null = null;

/** One for the page: browsers allow few. It sleeps until the page may make sound. */
export function audio(): AudioContext {
  context ??= new AudioContext();
  return context;
}

/** Wake the sound of the page; false when the browser waits for a key or a click first. */
export async function awake(): Promise<boolean> {
  const one = audio();
  if (one.state !== "running") {
    await Promise.race([one.resume(), new Promise((go) => setTimeout(go, 400))]).catch(() => undefined);
  }
  return one.state === "running";
}

export class Meter {
  private readonly analyser: AnalyserNode;
  private readonly source: MediaStreamAudioSourceNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(stream: MediaStream) {
    const one = audio();
    this.source = one.createMediaStreamSource(stream);
    this.analyser = one.createAnalyser();
    this.analyser.fftSize = WINDOW;
    this.samples = new Float32Array(WINDOW);
    this.source.connect(this.analyser);
  }

  level(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    return rmsDb(this.samples);
  }

  stop(): void {
    this.source.disconnect();
  }
}

/** A tone that is sent, and an ear for it in what comes back. */
export class Tone {
  readonly stream: MediaStream;
  private readonly oscillator: OscillatorNode;
  private readonly player = new Audio();
  private ear: { analyser: AnalyserNode; source: MediaStreamAudioSourceNode } | null = null;

  constructor(private readonly hz: number) {
    const one = audio();
    const gain = one.createGain();
    const out = one.createMediaStreamDestination();
    gain.gain.value = 0.25;
    this.oscillator = one.createOscillator();
    this.oscillator.frequency.value = hz;
    this.oscillator.connect(gain).connect(out);
    this.oscillator.start();
    this.stream = out.stream;
  }

  listen(stream: MediaStream): void {
    const one = audio();
    // Chromium decodes what comes in only while something plays it; the agent need not hear the tone.
    this.player.muted = true;
    this.player.srcObject = stream;
    void this.player.play().catch(() => undefined);
    const analyser = one.createAnalyser();
    analyser.fftSize = TONE_WINDOW;
    analyser.smoothingTimeConstant = 0;
    const source = one.createMediaStreamSource(stream);
    source.connect(analyser);
    this.ear = { analyser, source };
  }

  /** How loud the tone comes back now; null: nothing comes. */
  back(): number | null {
    if (this.ear === null) return null;
    const { analyser } = this.ear;
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    const width = audio().sampleRate / TONE_WINDOW;
    const first = Math.floor((this.hz - TONE_WIDTH_HZ) / width);
    const last = Math.ceil((this.hz + TONE_WIDTH_HZ) / width);
    const loudest = Math.max(...bins.subarray(first, last + 1));
    return Number.isFinite(loudest) ? Math.max(SILENCE_DB, loudest) : null;
  }

  stop(): void {
    this.oscillator.stop();
    this.ear?.source.disconnect();
    this.player.srcObject = null;
    for (const track of this.stream.getTracks()) track.stop();
  }
}
