/** The words of the sheet of keys in Chinese. */
export default {
  title: "快捷键",
  open: "查看全部快捷键",
  hint: "按住 Alt 再按字母。在页面任何地方都有效，打字时也有效。",
  does: {
    ready: "就绪",
    answer: "接听来电",
    mute: "静音 / 取消静音",
    hold: "保持 / 恢复通话",
    transfer: "转接",
    hangup: "挂断（按两次）",
    silent: "无声提示",
    note: "写备注",
    order: "填写工单",
    extend: "延长整理时间",
    keypad: "拨号键盘（对方的语音菜单）",
    phone: "话机设置：设备、音量、接听方式",
    help: "打开这张表",
  },
};
