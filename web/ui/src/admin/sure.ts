/** Asks before something that cannot be taken back. */
import { ElMessageBox } from "element-plus/es/components/message-box/index";
import "element-plus/es/components/message-box/style/css";

/** Whether the person goes on; `act` is the name of the act, with or without its ellipsis. */
export async function sure(text: string, act: string, cancel: string): Promise<boolean> {
  const go = act.replace("…", "");
  return ElMessageBox.confirm(text, go, { confirmButtonText: go, cancelButtonText: cancel, type: "warning" })
    .then(() => true)
    .catch(() => false);
}
