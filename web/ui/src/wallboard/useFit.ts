/** How many cells of a list fit into its box on this screen; asked again when either changes its size. */
import { onBeforeUnmount, onMounted, ref, type Ref, watch } from "vue";
import { fitting } from "./turning";

/** `cell`, `gap`: width and height in units of the board (`--u`); a width of 0: one cell a row. */
export function useFit(box: Ref<HTMLElement | null>, cell: { width: number; height: number; gap: number }) {
  const count = ref(1);
  let observer: ResizeObserver | null = null;

  function measure(): void {
    const element = box.value;
    if (element === null) return;
    const unit = parseFloat(getComputedStyle(element).getPropertyValue("font-size"));
    const rows = fitting(element.clientHeight, cell.height * unit, cell.gap * unit);
    const columns = cell.width === 0 ? 1 : fitting(element.clientWidth, cell.width * unit, cell.gap * unit);
    count.value = rows * columns;
  }

  function follow(element: HTMLElement | null): void {
    observer?.disconnect();
    if (element !== null) observer?.observe(element);
    measure();
  }

  onMounted(() => {
    observer = new ResizeObserver(measure);
    follow(box.value);
  });
  watch(box, follow);
  onBeforeUnmount(() => observer?.disconnect());
  return count;
}
