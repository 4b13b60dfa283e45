//! Whole files through the public API: golden fixtures, laws, and public samples where they are.

#[cfg(test)]
mod documents;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod leaves;
#[cfg(test)]
mod okta_export;
#[cfg(test)]
mod public_samples;
#[cfg(test)]
mod render;
