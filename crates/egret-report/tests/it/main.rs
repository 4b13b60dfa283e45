//! Reports as a reader gets them: whole, in each format, and with hostile text in every place.

#[cfg(test)]
mod html;
#[cfg(test)]
mod json;
#[cfg(test)]
mod markdown;
#[cfg(test)]
mod sample;
