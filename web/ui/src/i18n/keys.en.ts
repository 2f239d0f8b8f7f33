/** The words of the sheet of keys in English. */
export default {
  title: "Keys",
  open: "Show all keys",
  hint: "Hold Alt and press the letter. They work from anywhere on the page, also while you type.",
  does: {
    ready: "Ready",
    answer: "Answer the call that rings",
    mute: "Mute, and off again",
    hold: "Hold, and back",
    transfer: "Transfer",
    hangup: "Hang up (press twice)",
    silent: "Silent-call prompts",
    note: "Write a note",
    order: "Fill in the order form",
    extend: "More time for the wrap-up",
    keypad: "Keypad for the other side's menus",
    phone: "Phone settings: devices, volume, answering",
    help: "This sheet",
  },
};
