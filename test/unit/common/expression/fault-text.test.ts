import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionFault } from '../../../../common/expression/fault.ts';
import { faultText } from '../../../../common/expression/fault-text.ts';

test('the place is marked below the text, which becomes one line', () => {
  const fault = new ExpressionFault('this is no number', { start: 5, end: 8 });
  assert.equal(
    faultText('--filter-skb-expr', '1 +\n\tabc', fault),
    'The expression (--filter-skb-expr) is refused: this is no number.\n  1 +  abc\n       ^~~',
  );
});

test('what is missing at the end has a place too', () => {
  const fault = new ExpressionFault('here belongs a value', { start: 3, end: 3 });
  assert.match(faultText('x', '1 +', fault), /\n {2}1 \+\n {5}\^$/);
});
