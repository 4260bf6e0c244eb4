//! Expressions: a part of CEL, the Common Expression Language, that always ends and always fits.
//!
//! There are no loops (`all`, `exists`, `map`, `filter`), no maps and no regular expressions; what remains takes a
//! time in proportion to its length, which is bounded, as are the values that it reads. The longest that is allowed
//! takes less than a millisecond.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::parser::PrattParser;
use serde::{Deserialize, Deserializer};

use super::value::Value;

/// Longer expressions belong into several variables.
pub const EXPRESSION_BYTES_MAX: usize = 1_000;
/// Operators, variables and constants of one expression.
pub const EXPRESSION_PARTS_MAX: usize = 64;
/// How deep brackets may be nested.
const DEPTH_MAX: u16 = 24;

/// Operators that may be used.
const OPERATORS: [&str; 17] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::IN,
];
/// Functions that may be used, besides `list[index]`.
const FUNCTIONS: [&str; 8] =
    ["size", "contains", "startsWith", "endsWith", "string", "int", "double", operators::INDEX];

/// The functions and operators of CEL, made once.
static STANDARD: LazyLock<cel::Context<'static, 'static>> = LazyLock::new(cel::Context::default);

/// An expression, read once when its document is read. One that cannot be used says why and has no value.
#[derive(Clone, Debug)]
pub struct Expression {
    source: String,
    compiled: Result<Compiled, ExpressionError>,
}

#[derive(Clone, Debug)]
struct Compiled {
    tree: IdedExpr,
    reads: BTreeSet<String>,
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It is not CEL.
    #[error("it cannot be read: {0}")]
    Syntax(String),
    /// It uses something that flows may not.
    #[error("{0} is not allowed here")]
    NotAllowed(String),
    /// It is too long.
    #[error(
        "it is longer than {EXPRESSION_BYTES_MAX} bytes or {EXPRESSION_PARTS_MAX} parts; use several variables"
    )]
    TooLong,
    /// A template does not close what it opens.
    #[error("`{{{{` is not closed by `}}}}`")]
    Unclosed,
}

/// An expression has no value: a variable has none, types do not fit, a number is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the expression has no value: {0}")]
pub struct NoValue(pub String);

/// Where an expression finds the variables that it names.
pub trait Scope: Send + Sync {
    /// The value of a variable, if it has one.
    fn find(&self, name: &str) -> Option<Readable<'_>>;
}

/// What an expression can read.
#[derive(Clone, Debug)]
pub enum Readable<'a> {
    /// A number.
    Int(i64),
    /// A text that was made for the occasion.
    Made(String),
    /// A text.
    Text(&'a str),
    /// What a variable holds.
    Value(&'a Value),
}

impl Expression {
    /// Reads an expression.
    pub fn read(source: &str) -> Self {
        Self { source: source.to_owned(), compiled: Compiled::read(source) }
    }

    /// What people wrote.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Why it cannot be used, if it cannot.
    pub fn error(&self) -> Option<&ExpressionError> {
        self.compiled.as_ref().err()
    }

    /// The variables that it reads.
    pub fn reads(&self) -> impl Iterator<Item = &str> {
        self.compiled.iter().flat_map(|compiled| &compiled.reads).map(String::as_str)
    }

    /// Its value. Text and lists that are too long for a variable are no value.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, NoValue> {
        let compiled = self.compiled.as_ref().map_err(|error| NoValue(error.to_string()))?;
        let resolver = Resolver(scope);
        let mut context = STANDARD.new_inner_scope();
        context.set_variable_resolver(&resolver);
        let value =
            cel::Value::resolve(&compiled.tree, &context).map_err(|error| NoValue(error.to_string()))?;
        from_cel(value).filter(Value::fits).ok_or_else(|| NoValue("no variable can hold it".to_owned()))
    }

    /// Whether it is true. `Err`: it is neither true nor false.
    pub fn is_true(&self, scope: &dyn Scope) -> Result<bool, NoValue> {
        match self.evaluate(scope)? {
            Value::Bool(flag) => Ok(flag),
            other => Err(NoValue(format!("`{other}` is neither true nor false"))),
        }
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|source| Self::read(&source))
    }
}

impl Compiled {
    /// Reads an expression and holds it to what is allowed.
    fn read(source: &str) -> Result<Self, ExpressionError> {
        if source.len() > EXPRESSION_BYTES_MAX {
            return Err(ExpressionError::TooLong);
        }
        let parser = PrattParser::new().max_recursion_depth(DEPTH_MAX);
        let tree =
            parser.parse(source).map_err(|error| ExpressionError::Syntax(first_line(&error.to_string())))?;
        let mut walk = Walk { parts: 0, reads: BTreeSet::new() };
        walk.visit(&tree)?;
        Ok(Self { tree, reads: walk.reads })
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// A walk over an expression that counts and judges its parts.
struct Walk {
    parts: usize,
    reads: BTreeSet<String>,
}

impl Walk {
    fn visit(&mut self, tree: &IdedExpr) -> Result<(), ExpressionError> {
        self.parts += 1;
        if self.parts > EXPRESSION_PARTS_MAX {
            return Err(ExpressionError::TooLong);
        }
        let not_allowed = |what: &str| Err(ExpressionError::NotAllowed(what.to_owned()));
        match &tree.expr {
            Expr::Call(call) => {
                let name = call.func_name.as_str();
                if !OPERATORS.contains(&name) && !FUNCTIONS.contains(&name) {
                    return not_allowed(&format!("the function `{name}`"));
                }
                call.target.iter().map(AsRef::as_ref).chain(&call.args).try_for_each(|part| self.visit(part))
            }
            Expr::Ident(name) => {
                self.reads.insert(name.clone());
                Ok(())
            }
            Expr::List(list) => list.elements.iter().try_for_each(|part| self.visit(part)),
            Expr::Literal(LiteralValue::Bytes(_)) => not_allowed("a value of bytes"),
            Expr::Literal(LiteralValue::Null) => not_allowed("`null`"),
            Expr::Literal(_) => Ok(()),
            Expr::Comprehension(_) => not_allowed("a loop (`all`, `exists`, `map`, `filter`)"),
            Expr::Map(_) | Expr::Struct(_) => not_allowed("a map"),
            Expr::Select(select) => not_allowed(&format!("the field `.{}`", select.field)),
            Expr::Unspecified => not_allowed("an empty expression"),
        }
    }
}

struct Resolver<'a>(&'a dyn Scope);

impl VariableResolver for Resolver<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        Some(match self.0.find(name)? {
            Readable::Int(number) => CowVal::owned(CelInt::from(number)),
            Readable::Made(text) => CowVal::owned(CelString::from(text)),
            Readable::Text(text) => CowVal::owned(CelString::from(text)),
            Readable::Value(value) => to_cel(value),
        })
    }
}

fn to_cel(value: &Value) -> CowVal<'_, '_> {
    match value {
        Value::Bool(flag) => CowVal::owned(CelBool::from(*flag)),
        // ISO dates sort as text does.
        Value::Date(day) => CowVal::owned(CelString::from(day.to_string())),
        Value::Int(number) => CowVal::owned(CelInt::from(*number)),
        Value::List(texts) => {
            let texts = texts.iter().map(|text| -> Box<dyn Val> { Box::new(CelString::from(text.clone())) });
            CowVal::owned(CelList::from(texts.collect::<Vec<_>>()))
        }
        Value::Number(number) => CowVal::owned(CelDouble::from(*number)),
        Value::Text(text) => CowVal::owned(CelString::from(text.as_str())),
    }
}

fn from_cel(value: cel::Value) -> Option<Value> {
    Some(match value {
        cel::Value::Bool(flag) => Value::Bool(flag),
        cel::Value::Float(number) if number.is_finite() => Value::Number(number),
        cel::Value::Int(number) => Value::Int(number),
        cel::Value::List(items) => {
            let texts: Option<Vec<String>> = items
                .iter()
                .map(|item| match item {
                    cel::Value::String(text) => Some(text.as_str().to_owned()),
                    _ => None,
                })
                .collect();
            Value::List(texts?)
        }
        cel::Value::String(text) => Value::Text(text.as_str().to_owned()),
        cel::Value::UInt(number) => Value::Int(i64::try_from(number).ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known;

    impl Scope for Known {
        fn find(&self, name: &str) -> Option<Readable<'_>> {
            match name {
                "caller" => Some(Readable::Text("+33199000001")),
                "n" => Some(Readable::Int(7)),
                _ => None,
            }
        }
    }

    fn evaluate(source: &str) -> Result<Value, NoValue> {
        Expression::read(source).evaluate(&Known)
    }

    #[test]
    fn expressions_have_the_values_of_cel() {
        let text = |text: &str| Value::Text(text.to_owned());
        let cases = [
            ("n + 1", Value::Int(8)),
            ("n > 5 && caller.startsWith('+33')", Value::Bool(true)),
            ("n == 7 ? 'seven' : 'other'", text("seven")),
            ("'a' + string(n)", text("a7")),
            ("caller in ['+33199000001', 'x']", Value::Bool(true)),
            ("size(caller) % 2", Value::Int(0)),
            ("double(n) / 2.0", Value::Number(3.5)),
            ("['a', 'b'][1]", text("b")),
            ("['a'] + ['b']", Value::List(vec!["a".to_owned(), "b".to_owned()])),
        ];
        for (source, value) in cases {
            assert_eq!(evaluate(source), Ok(value), "{source}");
        }
    }

    #[test]
    fn what_has_no_value_is_an_error_and_no_panic() {
        for source in [
            "nobody",
            "n / 0",
            "n % 0",
            "9223372036854775807 + n",
            "-(-9223372036854775807 - 1)",
            "caller + n",
            "int('x')",
            "int(1e300)",
            "['a'][n]",
            "['a'][-1]",
            "1.0 / 0.0",
            "n ? 1 : 2",
            "[n]",
            "n && true",
        ] {
            assert!(evaluate(source).is_err(), "{source} = {:?}", evaluate(source));
        }
    }

    #[test]
    fn what_could_run_for_long_is_refused() {
        let long = format!("'{}'", "x".repeat(EXPRESSION_BYTES_MAX));
        let wide = vec!["n"; 40].join("+");
        let refused = [
            "",
            "n +",
            "[1,2].all(x, x > 0)",
            "['a'].map(x, x)",
            "{'a': 1}",
            "n.field",
            "has(n.x)",
            "null",
            "b'x'",
            "caller.matches('a')",
            "duration('1s')",
            "f()",
            &long,
            &wide,
        ];
        for source in refused {
            assert!(Expression::read(source).error().is_some(), "{source}");
        }
    }

    #[test]
    fn no_nesting_is_too_deep_for_the_stack() {
        for (open, close) in
            [("(", ")"), ("[", "]"), ("!", ""), ("-", ""), ("n?", ":n"), ("size(", ")"), ("n+(", ")")]
        {
            let levels = EXPRESSION_BYTES_MAX / (open.len() + close.len()) - 1;
            let source = format!("{}n{}", open.repeat(levels), close.repeat(levels));
            let expression = Expression::read(&source);
            let is_read = expression.reads().eq(["n"]) && expression.error().is_none();
            assert!(is_read || expression.evaluate(&Known).is_err(), "{source}");
            Expression::read(&open.repeat(levels));
        }
    }

    #[test]
    fn the_variables_are_known_before_it_runs() {
        let expression = Expression::read("a + b > size(a) ? c : 'd'");
        assert_eq!(expression.reads().collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
