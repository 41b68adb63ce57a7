import js from "@eslint/js";
import vue from "eslint-plugin-vue";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["static/", "node_modules/"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...vue.configs["flat/recommended"],
  {
    files: ["**/*.{ts,vue}"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".vue"] } },
    rules: {
      "no-undef": "off", // TypeScript knows better.
      "no-console": "error",
      "max-lines": ["error", { max: 300 }],
      complexity: ["error", 10],
      eqeqeq: "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "vue/no-v-html": "error",
      "vue/block-lang": ["error", { script: { lang: "ts" } }],
      "vue/component-api-style": ["error", ["script-setup"]],
      "vue/block-order": ["error", { order: ["script", "template", "style"] }],
      "vue/max-attributes-per-line": "off",
      "vue/first-attribute-linebreak": "off",
      // Layout of the source is the writer's, within the line length below.
      "vue/singleline-html-element-content-newline": "off",
      "vue/html-self-closing": "off",
      "vue/html-closing-bracket-newline": "off",
      "vue/html-indent": "off",
      "vue/max-len": ["error", { code: 112, template: 120, ignoreUrls: true, ignoreStrings: true }],
    },
  },
  {
    files: ["src/locales/**/*.ts", "tests/*.ts"],
    rules: { "max-lines": "off" }, // Catalogues and promises are lists.
  },
);
