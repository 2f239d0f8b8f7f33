/** How loud something is, for a meter: 0 to 1, ten times a second. */

const EVERY_MS = 100;
/** Below this a microphone gives its own noise only; 0 dB is as loud as it can be. */
const QUIET_DB = -60;

/** From the samples of a moment (-1 to 1) to a place on the meter. */
export function loudness(samples: Float32Array): number {
  const mean = samples.reduce((sum, one) => sum + one * one, 0) / Math.max(1, samples.length);
  const db = 10 * Math.log10(Math.max(mean, 1e-10));
  return Math.min(1, Math.max(0, 1 - db / QUIET_DB));
}

/** Tell `hear` how loud `stream` is until the function that is returned is called. */
export function meter(stream: MediaStream, hear: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = window.setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    hear(loudness(samples));
  }, EVERY_MS);
  return () => {
    window.clearInterval(timer);
    void context.close();
  };
}
