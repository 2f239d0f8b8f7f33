/** How many things of a row have room in it, as its width, the words in it and the role change. */
import { nextTick, onBeforeUnmount, onMounted, type Ref, ref, watch } from "vue";

/** Return how many of the children of `row` stand in its first line; it must wrap. `changes`: what their widths hang on. */
export function useRoom(row: Ref<HTMLElement | null>, changes: () => unknown): Ref<number> {
  const fits = ref(Number.POSITIVE_INFINITY);
  const count = (): void => {
    const all = [...(row.value?.children ?? [])] as HTMLElement[];
    const first = all[0]?.offsetTop;
    if (first !== undefined) fits.value = all.filter((one) => one.offsetTop === first).length;
  };
  const observer = new ResizeObserver(count);
  onMounted(() => {
    if (row.value !== null) observer.observe(row.value);
  });
  onBeforeUnmount(() => observer.disconnect());
  watch(changes, () => nextTick(count));
  return fits;
}
