//! The `html!` of this page: the syntax of Yew's, as far as the page uses it, written out as calls of `ui::node` in place of
//! Yew's own inlined structures (some 500 bytes of WebAssembly for each element). Knows no element and no attribute by
//! itself but those that Yew treats specially; what it does not know is an error of the compiler, never left out.
//!
//! What differs from Yew's: attributes of one element keep their order, `value` and `checked` belong to inputs only, and the
//! elements of a component (`<PortField … />`) are handed to Yew's macro as they are.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, Ident, LitStr, Result, Token, braced};

/// A tree of elements as a `yew::Html`.
#[proc_macro]
pub fn html(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    match syn::parse::<Nodes>(input) {
        Ok(nodes) => nodes.tree().into(),
        Err(error) => error.into_compile_error().into(),
    }
}

/// Attributes that are there or not.
const FLAGS: [&str; 6] = ["disabled", "hidden", "multiple", "open", "readonly", "required"];

/// What stands between two tags, or in the whole macro.
struct Nodes(Vec<Node>);

enum Node {
    Element(Element),
    /// A component, for Yew's macro.
    Component(TokenStream),
    Fragment(Nodes),
    /// `{ value }`.
    Value(TokenStream),
    /// `{ for values }`.
    Values(TokenStream),
    /// `if … { … } else { … }`.
    Choice(Choice),
}

struct Element {
    tag: LitStr,
    key: Option<Value>,
    attributes: Vec<(LitStr, Value)>,
    listeners: Vec<(Ident, Expr)>,
    children: Nodes,
}

enum Value {
    Literal(LitStr),
    Expression(Expr),
}

struct Choice {
    condition: Expr,
    then: Nodes,
    otherwise: Option<Box<Node>>,
}

impl Parse for Nodes {
    fn parse(input: ParseStream) -> Result<Self> {
        let mut nodes = Vec::new();
        while !(input.is_empty() || input.peek(Token![<]) && input.peek2(Token![/])) {
            nodes.push(input.parse()?);
        }
        Ok(Self(nodes))
    }
}

impl Parse for Node {
    fn parse(input: ParseStream) -> Result<Self> {
        if input.peek(Token![if]) {
            return input.parse().map(Node::Choice);
        }
        if input.peek(syn::token::Brace) {
            let content;
            braced!(content in input);
            return Ok(if content.peek(Token![for]) {
                content.parse::<Token![for]>()?;
                Node::Values(content.parse()?)
            } else {
                Node::Value(content.parse()?)
            });
        }
        let ahead = input.fork();
        ahead.parse::<Token![<]>()?;
        if ahead.peek(Token![>]) {
            input.parse::<Token![<]>()?;
            input.parse::<Token![>]>()?;
            let children = input.parse()?;
            input.parse::<Token![<]>()?;
            input.parse::<Token![/]>()?;
            input.parse::<Token![>]>()?;
            return Ok(Node::Fragment(children));
        }
        let name = ahead.call(Ident::parse_any)?;
        if name.to_string().starts_with(|c: char| c.is_ascii_uppercase()) {
            return component(input).map(Node::Component);
        }
        input.parse().map(Node::Element)
    }
}

/// The tokens of `<Name … />`.
fn component(input: ParseStream) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    loop {
        let ends = input.peek(Token![/]) && input.peek2(Token![>]);
        tokens.extend([input.parse::<TokenTree>()?]);
        if ends {
            tokens.extend([input.parse::<TokenTree>()?]);
            return Ok(tokens);
        }
    }
}

/// A name with hyphens in it.
fn name(input: ParseStream) -> Result<LitStr> {
    let first = input.call(Ident::parse_any)?;
    let mut name = first.to_string();
    while input.peek(Token![-]) {
        input.parse::<Token![-]>()?;
        name = format!("{name}-{}", input.call(Ident::parse_any)?);
    }
    Ok(LitStr::new(&name, first.span()))
}

impl Parse for Element {
    fn parse(input: ParseStream) -> Result<Self> {
        input.parse::<Token![<]>()?;
        let tag = name(input)?;
        let mut element =
            Self { tag, key: None, attributes: Vec::new(), listeners: Vec::new(), children: Nodes(Vec::new()) };
        while !input.peek(Token![>]) && !input.peek(Token![/]) {
            element.attribute(input)?;
        }
        let closed = input.parse::<Option<Token![/]>>()?.is_some();
        input.parse::<Token![>]>()?;
        if !closed {
            element.children = input.parse()?;
            input.parse::<Token![<]>()?;
            input.parse::<Token![/]>()?;
            let end = name(input)?;
            if end.value() != element.tag.value() {
                return Err(syn::Error::new(end.span(), format!("this should close <{}>", element.tag.value())));
            }
            input.parse::<Token![>]>()?;
        }
        Ok(element)
    }
}

impl Element {
    /// Reads `name="…"`, `name={…}` or `{name}`.
    fn attribute(&mut self, input: ParseStream) -> Result<()> {
        let (name, value) = if input.peek(syn::token::Brace) {
            let content;
            braced!(content in input);
            let expression: Expr = content.parse()?;
            let name: Ident = syn::parse2(quote!(#expression))?;
            (LitStr::new(&name.to_string(), name.span()), Value::Expression(expression))
        } else {
            let name = name(input)?;
            input.parse::<Token![=]>()?;
            let value = if input.peek(LitStr) {
                Value::Literal(input.parse()?)
            } else {
                let content;
                braced!(content in input);
                Value::Expression(content.parse()?)
            };
            (name, value)
        };
        match (name.value().as_str(), value) {
            ("key", key) => self.key = Some(key),
            (listener, Value::Expression(callback)) if listener.starts_with("on") => {
                self.listeners.push((Ident::new(listener, name.span()), callback));
            }
            (_, value) => self.attributes.push((name, value)),
        }
        Ok(())
    }

    /// As a `Node` that is not done.
    fn made(&self) -> TokenStream {
        let (tag, node) = (&self.tag, node());
        let mut out = TokenStream::new();
        let mut rest: Vec<(&LitStr, &Value)> = Vec::new();
        for (name, value) in &self.attributes {
            match (tag.value().as_str(), name.value().as_str()) {
                ("input", "value") => {
                    out.extend(quote!(#node.value(::yew::html::IntoPropValue::into_prop_value(#value));));
                }
                ("input", "checked") => out.extend(quote!(#node.checked(#value);)),
                ("textarea", "value") | (_, "checked") => {
                    let error = syn::Error::new(name.span(), "only an input can have this here");
                    out.extend(error.into_compile_error());
                }
                _ => rest.push((name, value)),
            }
        }
        let names = rest.iter().map(|(name, _)| name);
        let literals: Vec<&LitStr> = rest.iter().filter_map(|(_, value)| value.literal()).collect();
        if literals.len() < rest.len() {
            out.extend(quote!(#node.names(&[#(#names),*]);));
            out.extend(rest.iter().map(|(name, value)| attribute(name, value)));
        } else if !rest.is_empty() {
            let literals = literals.iter().map(|value| quote!(::yew::virtual_dom::AttributeOrProperty::Static(#value)));
            out.extend(quote!(#node.fixed(&[#((#names, #literals)),*]);));
        }
        for (event, callback) in &self.listeners {
            out.extend(quote!(#node.listener(::yew::html::#event::Wrapper::__macro_new(#callback));));
        }
        if let Some(key) = &self.key {
            out.extend(quote!(#node.key(::yew::virtual_dom::Key::from(#key));));
        }
        out.extend(self.children.fill());
        if let [Node::Element(_) | Node::Component(_) | Node::Fragment(_) | Node::Value(_)] = self.children.0[..] {
            out.extend(quote!(#node.only();));
        }
        made(quote!(element(#tag)), out)
    }
}

impl Value {
    fn literal(&self) -> Option<&LitStr> {
        match self {
            Self::Literal(literal) => Some(literal),
            Self::Expression(_) => None,
        }
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Expression(expression) => expression.to_tokens(tokens),
        }
    }
}

/// The variable of the node that is being made; no name of the user's can be the same.
fn node() -> Ident {
    Ident::new("node", Span::mixed_site())
}

/// A `Node` that begins as `begin` and is filled by `steps`.
fn made(begin: TokenStream, steps: TokenStream) -> TokenStream {
    let node = node();
    quote! {{
        #[allow(unused_mut)]
        let mut #node = crate::ui::node::#begin;
        #steps
        #node
    }}
}

/// The value of one attribute among several.
fn attribute(name: &LitStr, value: &Value) -> TokenStream {
    let node = node();
    match (name.value().as_str(), value) {
        (_, Value::Literal(value)) => quote!(#node.words_of(#value);),
        (flag, Value::Expression(value)) if FLAGS.contains(&flag) => quote!(#node.flag(#name, #value);),
        ("class", Value::Expression(value)) => quote!(#node.class(::yew::html::Classes::from(#value));),
        (_, Value::Expression(value)) => quote!(crate::ui::node::Attribute::set(#value, &mut #node);),
    }
}

impl Nodes {
    /// As one node, as Yew does it: nothing, the only one, or a list.
    fn tree(&self) -> TokenStream {
        match &self.0[..] {
            [] => quote!(<::yew::Html as ::std::default::Default>::default()),
            [Node::Values(_)] | [_, _, ..] => self.list(),
            [node] => node.tree(),
        }
    }

    /// As a list, even of one or none: what stands in it is compared within it.
    fn list(&self) -> TokenStream {
        let list = made(quote!(list()), self.fill());
        quote!(#list.done())
    }

    /// Puts them one after the other into the node.
    fn fill(&self) -> TokenStream {
        let node = node();
        let fill = |child: &Node| match child {
            Node::Values(values) => quote! {
                for child in ::std::iter::IntoIterator::into_iter(#values) {
                    crate::ui::node::Child::add(child, &mut #node);
                }
            },
            Node::Value(value) => quote!(crate::ui::node::Child::add({ #value }, &mut #node);),
            Node::Element(element) => {
                let made = element.made();
                quote!(#node.put(#made);)
            }
            child => {
                let tree = child.tree();
                quote!(#node.child(#tree);)
            }
        };
        self.0.iter().map(fill).collect()
    }
}

impl Node {
    fn tree(&self) -> TokenStream {
        match self {
            Self::Element(element) => {
                let made = element.made();
                quote!(#made.done())
            }
            Self::Component(tokens) => quote!(::yew::html! { #tokens }),
            Self::Fragment(nodes) => nodes.list(),
            Self::Value(value) => quote!(<::yew::Html as ::std::convert::From<_>>::from({ #value })),
            Self::Values(_) => TokenStream::new(),
            Self::Choice(choice) => choice.tree(),
        }
    }
}

impl Parse for Choice {
    fn parse(input: ParseStream) -> Result<Self> {
        input.parse::<Token![if]>()?;
        let condition = Expr::parse_without_eager_brace(input)?;
        let content;
        braced!(content in input);
        let then = content.parse()?;
        let mut otherwise = None;
        if input.parse::<Option<Token![else]>>()?.is_some() {
            otherwise = Some(Box::new(if input.peek(Token![if]) {
                Node::Choice(input.parse()?)
            } else {
                let content;
                braced!(content in input);
                Node::Fragment(content.parse()?)
            }));
        }
        Ok(Self { condition, then, otherwise })
    }
}

impl Choice {
    fn tree(&self) -> TokenStream {
        let (condition, then) = (&self.condition, self.then.list());
        let otherwise = match self.otherwise.as_deref() {
            Some(node) => node.tree(),
            None => Nodes(Vec::new()).list(),
        };
        quote!(if #condition { #then } else { #otherwise })
    }
}
