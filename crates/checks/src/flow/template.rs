//! Texts with values in them: templates, their tags, and markup.

use std::rc::Rc;

use super::call::Given;
use super::known::Known;
use super::risk::{Risk, Risks};
use super::value::{Shape, Value};
use super::walk::Walk;
use crate::facts::syntax::{BinaryOp, Expr, Markup, Template, TemplatePart, Text};

impl<'a> Walk<'_, 'a> {
    pub(super) fn template(&mut self, template: &'a Template, expr: &'a Expr) -> Value<'a> {
        let tag = template.tag.as_ref().filter(|tag| tag.dotted().as_deref() != Some("String.raw"));
        if let Some(tag) = tag {
            return self.tagged(tag, template, expr);
        }
        let mut whole = Value::of(Shape::Text(Text::default()));
        for part in &template.parts {
            let part = match part {
                TemplatePart::Text(text) => Value::of(Shape::Text(text.clone())),
                TemplatePart::Value(value) => self.put_in(value),
            };
            whole = self.binary(BinaryOp::Add, &whole, &part);
        }
        whole
    }

    /// A value in a text. Python's `{x!r}` writes line ends as `\n`.
    fn put_in(&mut self, expr: &'a Expr) -> Value<'a> {
        let value = self.eval(expr);
        let after = self.file().and_then(|file| file.text.get(expr.extent.end as usize..));
        let is_written_out =
            self.is_python() && after.is_some_and(|after| after.starts_with("!r") || after.starts_with("!a"));
        if is_written_out { Known::without(Risks::of(&[Risk::Log])).of_value(value) } else { value }
    }

    /// A function is given the texts and the values apart. One of the project may put them together again; of others (`sql`, `html`) it is
    /// taken that they bind or escape them.
    fn tagged(&mut self, tag: &'a Expr, template: &'a Template, expr: &'a Expr) -> Value<'a> {
        let target = self.eval(tag);
        let (mut texts, mut values) = (Vec::new(), Vec::new());
        for part in &template.parts {
            match part {
                TemplatePart::Text(text) => texts.push(Value::of(Shape::Text(text.clone()))),
                TemplatePart::Value(value) => values.push(self.eval(value)),
            }
        }
        if !matches!(target.shape, Shape::Function(..)) {
            return Value::UNKNOWN;
        }
        let mut positional = vec![Value::of(Shape::List(Rc::new(texts)))];
        positional.append(&mut values);
        let given = Given { positional, named: Vec::new(), written: &[] };
        self.invoke(&target, None, &given, expr.extent).0
    }

    pub(super) fn markup(&mut self, markup: &'a Markup) -> Value<'a> {
        for (name, value) in &markup.attributes {
            let Some(value) = value else { continue };
            let given = self.eval(value);
            // https://react.dev/reference/react-dom/components/common#dangerously-setting-the-inner-html
            if name == "dangerouslySetInnerHTML" {
                let html = self.part(&given, "__html", value);
                self.arrive(Risk::Markup, value.extent, value.extent, "dangerouslySetInnerHTML", &html);
            }
        }
        markup.children.iter().for_each(|child| drop(self.eval(child)));
        // React escapes what it puts into a page.
        Value::UNKNOWN
    }
}
