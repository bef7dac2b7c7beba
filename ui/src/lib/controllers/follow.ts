/**
 * Follows the end of a growing thread, and lets go at the first sign that the person reads elsewhere. It moves at once:
 * a smooth scroll would lag behind the words.
 */

/** So near to the end counts as being there. In pixels. */
const near = 32;

export class Follower {
  #box: HTMLElement;
  #changed: (atEnd: "at the end" | "away") => void;
  #following = true;
  #observer: ResizeObserver;
  #stop: () => void;

  /** `content` is what grows inside `box`. `changed` is told when the end comes into sight or leaves it. */
  constructor(box: HTMLElement, content: HTMLElement, changed: (atEnd: "at the end" | "away") => void) {
    this.#box = box;
    this.#changed = changed;
    this.#observer = new ResizeObserver(() => this.#grown());
    this.#observer.observe(content);
    this.#observer.observe(box);

    const let_go = () => this.#letGo();
    const onWheel = (event: WheelEvent) => event.deltaY < 0 && let_go();
    const onKey = (event: KeyboardEvent) => ["PageUp", "ArrowUp", "Home"].includes(event.key) && let_go();
    const onSelect = () => {
      const selection = document.getSelection();
      if (selection !== null && !selection.isCollapsed && box.contains(selection.anchorNode)) let_go();
    };
    const onScroll = () => {
      if (this.#atEnd) this.#follow();
      else if (!this.#following) this.#changed("away");
    };
    const onPointer = (event: PointerEvent) => {
      // The scroll bar lies outside the content's width.
      if (event.target === box && event.offsetX >= box.clientWidth) let_go();
    };
    box.addEventListener("wheel", onWheel, { passive: true });
    box.addEventListener("touchmove", let_go, { passive: true });
    box.addEventListener("keydown", onKey);
    box.addEventListener("pointerdown", onPointer);
    box.addEventListener("scroll", onScroll, { passive: true });
    document.addEventListener("selectionchange", onSelect);
    this.#stop = () => {
      this.#observer.disconnect();
      box.removeEventListener("wheel", onWheel);
      box.removeEventListener("touchmove", let_go);
      box.removeEventListener("keydown", onKey);
      box.removeEventListener("pointerdown", onPointer);
      box.removeEventListener("scroll", onScroll);
      document.removeEventListener("selectionchange", onSelect);
    };
  }

  stop(): void {
    this.#stop();
  }

  toEnd(): void {
    this.#follow();
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  /** Stays where the person is, whatever grows. */
  hold(): void {
    this.#letGo();
  }

  get #atEnd(): boolean {
    return this.#box.scrollHeight - this.#box.scrollTop - this.#box.clientHeight < near;
  }

  #grown(): void {
    if (this.#following) this.#box.scrollTop = this.#box.scrollHeight;
    else this.#changed(this.#atEnd ? "at the end" : "away");
  }

  #follow(): void {
    this.#following = true;
    this.#changed("at the end");
  }

  #letGo(): void {
    this.#following = false;
    if (!this.#atEnd) this.#changed("away");
  }
}
