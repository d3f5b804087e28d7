import tseslint from 'typescript-eslint';

/** What of VS Code shows a text or asks for one; some of it makes links of texts, those to commands too. */
const SHOWS_TEXT =
  '/^(show(Error|Warning|Information)Message|showInputBox|showQuickPick|create(InputBox|QuickPick|OutputChannel)|setStatusBarMessage|withProgress)$/';
const ONE_PLACE =
  'Only extension/vscode/messages shows and asks: its functions make text from outside plain.';

// Which folder may import which: build/layers.ts.
export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'test/**/out/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowNullish: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // node:test's functions return promises that the runner itself awaits.
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
  {
    files: ['extension/**/*.ts'],
    ignores: ['extension/vscode/messages/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: `MemberExpression[property.name=${SHOWS_TEXT}]`, message: ONE_PLACE },
        { selector: `MemberExpression[property.value=${SHOWS_TEXT}]`, message: ONE_PLACE },
        { selector: `ObjectPattern > Property[key.name=${SHOWS_TEXT}]`, message: ONE_PLACE },
        // A text with links of its own that are trusted without a list of the commands.
        {
          selector: "AssignmentExpression[left.property.name='isTrusted'][right.value=true]",
          message: 'Name the commands that its links may run: { enabledCommands: […] }.',
        },
        {
          selector: "AssignmentExpression[left.property.name='supportHtml']",
          message: 'HTML would show what a target wrote as it likes.',
        },
      ],
    },
  },
  {
    // The engine does not know how a target is reached.
    files: ['extension/tracing/engine.ts', 'extension/tracing/agent-*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['**/target/**', '!**/target/connection.ts'] }] },
      ],
    },
  },
);
