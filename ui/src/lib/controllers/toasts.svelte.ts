/**
 * The one toast: something that can be undone for eight seconds. It waits while the pointer or the focus is on it.
 */

export interface Toast {
  text: string;
  action: string;
  /** Done when the action is pressed. */
  run: () => void;
}

export const toastLasts = 8000;

export class Toasts {
  current = $state.raw<Toast | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(toast: Toast): void {
    this.current = toast;
    this.resume();
  }

  pause(): void {
    clearTimeout(this.#timer);
  }

  resume(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), toastLasts);
  }

  act(): void {
    const toast = this.current;
    this.close();
    toast?.run();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.current = null;
  }
}
