/** The card that shows what is being done before the model can answer: step, bytes, rate, time left. */
import { formatBytes, formatSeconds } from '../format.ts';
import type { Progress } from './prepare.ts';

const titles = {
  download: 'Downloading',
  verify: 'Verifying',
  compile: 'Compiling for this GPU',
  upload: 'Uploading to the GPU',
} satisfies Record<Progress['step'], string>;

/** Milliseconds over which the rate is taken. */
const rateWindowMs = 3000;

export function createSetupView(element: HTMLElement) {
  const title = element.querySelector<HTMLElement>('#setup-title')!;
  const bar = element.querySelector('progress')!;
  const detail = element.querySelector<HTMLElement>('#setup-detail')!;
  const steps = [...element.querySelectorAll<HTMLElement>('[data-step]')];
  let step: Progress['step'] | undefined;
  let samples: { time: number; bytes: number }[] = [];

  function enter(next: Progress['step'], model: string): void {
    step = next;
    samples = [];
    title.textContent = `${titles[next]}: ${model}`;
    const place = steps.findIndex(item => item.dataset.step === next);
    steps.forEach((item, index) => {
      item.toggleAttribute('data-done', index < place);
      if (index === place) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
    });
  }

  /** Bytes per second over the last seconds; undefined until there is something to measure. */
  function rate(bytes: number): number | undefined {
    const time = performance.now();
    samples = [...samples.filter(sample => time - sample.time < rateWindowMs), { time, bytes }];
    const [first] = samples;
    return time - first.time > 200 ? ((bytes - first.bytes) / (time - first.time)) * 1000 : undefined;
  }

  return {
    show(model: string, { step: next, completed, total }: Progress): void {
      element.hidden = false;
      if (next !== step) enter(next, model);
      if (completed === undefined || !total) {
        bar.removeAttribute('value');
        detail.textContent = '';
        return;
      }
      bar.max = total;
      bar.value = completed;
      const bytesPerSecond = rate(completed);
      const parts = [`${formatBytes(completed)} of ${formatBytes(total)}`];
      if (bytesPerSecond) {
        parts.push(`${formatBytes(bytesPerSecond)}/s`);
        const secondsLeft = (total - completed) / bytesPerSecond;
        if (secondsLeft >= 1) parts.push(`${formatSeconds(secondsLeft)} left`);
      }
      detail.textContent = parts.join(' · ');
    },
    hide(): void {
      element.hidden = true;
      step = undefined;
    },
  };
}
