// What the loss curves say at the epoch shown, in a sentence or two.

function proseAt(data, epoch) {
  if (epoch < data.history[0].epoch)
    return (
      "Before training: the weights are random numbers, and nearly every character is as likely as any other. " +
      "A low temperature makes much of the small differences there are."
    );
  const at = (wanted) => data.history.find((row) => row.epoch === wanted);
  const [row, best] = [at(epoch), at(data.best_epoch)];
  if (!row || !best || !isValue(row.val_bits) || !isValue(row.bits)) return "";
  const numbers = `${bitsText(row.val_bits)} bits on held-out text, ${bitsText(row.bits)} on the text it learns from`;
  if (row.num_rollbacks)
    return `Training diverged in this epoch. It was rolled back and went on with a lower learning rate: ${numbers}.`;
  if (epoch === data.best_epoch)
    return `The best epoch: ${numbers}.${everyCharacter(data, row)} These are the weights that the project keeps using.`;
  if (epoch < data.best_epoch) {
    const reason =
      row.val_bits < row.bits
        ? " The held-out loss is the lower one because it is measured at the end of the epoch, and the other during it."
        : "";
    return `Still learning: ${numbers}.${reason}`;
  }
  if (row.bits < best.bits && row.val_bits > best.val_bits)
    return (
      `It overfits: since epoch ${data.best_epoch} the training loss has fallen by ${bitsText(best.bits - row.bits)} bits, ` +
      `but the held-out loss has risen by ${bitsText(row.val_bits - best.val_bits)}. It learns this text rather than the language.`
    );
  return `No better than epoch ${data.best_epoch}: ${numbers}.`;
}

// The curve is measured on windows, the number at the top of the page on all characters: where they differ, both are said.
function everyCharacter(data, row) {
  if (!isValue(data.held_out_bits) || bitsText(data.held_out_bits) === bitsText(row.val_bits)) return "";
  return ` Over every character of the held-out text, not only in windows of it, that makes ${bitsText(data.held_out_bits)}.`;
}
