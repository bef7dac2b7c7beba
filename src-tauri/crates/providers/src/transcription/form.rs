//! A question as a form with a file in it (`multipart/form-data`, RFC 7578), for services that take files so.

use bytes::Bytes;
use parlance_core::chat::{Delivery, HttpRequest};
use parlance_core::id;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value, json};
use url::Url;

use crate::transport::{Headers, Transport};

/// A form with one file.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where to.
    pub url: Url,
    /// In the order they are written.
    pub fields: Vec<(String, String)>,
    /// What the file is called; its ending tells some servers what it is.
    pub file_name: String,
    /// `audio/wav` …
    pub media_type: String,
    /// How the answer is asked for.
    pub delivery: Delivery,
}

impl Form {
    /// It with the file's bytes, and the header that says where its parts begin.
    pub(super) fn write(&self, file: &[u8]) -> (Headers, Bytes) {
        // Nothing that anybody says begins with a number made up just now.
        let boundary = format!("parlance-{}", id::random());
        let mut body = Vec::with_capacity(file.len() + 1024);
        for (name, value) in &self.fields {
            let head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"\r\n\r\n", quoted(name));
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(value.as_bytes());
            body.extend_from_slice(b"\r\n");
        }
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{}\"\r\ncontent-type: {}\r\n\r\n",
            quoted(&self.file_name),
            self.media_type
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
            .expect("BUG: an id is letters and digits");
        (vec![(CONTENT_TYPE, kind)], body.into())
    }

    /// It as people may see it: its fields, and the file's length.
    pub(super) fn show(&self, transport: &Transport, file_bytes: usize) -> HttpRequest {
        let kind = HeaderValue::from_static("multipart/form-data");
        let mut fields: Map<String, Value> =
            self.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        fields.insert("file".into(), json!(format!("[{}, {}, {file_bytes} bytes]", self.file_name, self.media_type)));
        let body = Map::from_iter([("_multipart".to_owned(), Value::Object(fields))]);
        transport.show_body(&self.url, &vec![(CONTENT_TYPE, kind)], body)
    }
}

/// A name inside quotation marks, as browsers write it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_its_fields_and_its_file_whole() {
        let form = Form {
            url: "http://localhost/".parse().unwrap(),
            fields: vec![("model".into(), "m".into()), ("a\"b".into(), "two\r\nlines".into())],
            file_name: "speech.wav".into(),
            media_type: "audio/wav".into(),
            delivery: Delivery::Whole,
        };
        let (headers, body) = form.write(b"\r\n--\0");
        let boundary = headers[0].1.to_str().unwrap().split_once("boundary=").unwrap().1;
        let body = String::from_utf8(body.to_vec()).unwrap();
        let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
        assert_eq!(parts.len(), 5, "{body}");
        assert_eq!(parts[1], "\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nm\r\n");
        assert_eq!(parts[2], "\r\ncontent-disposition: form-data; name=\"a%22b\"\r\n\r\ntwo\r\nlines\r\n");
        assert!(parts[3].ends_with("content-type: audio/wav\r\n\r\n\r\n--\0\r\n"), "{:?}", parts[3]);
        assert_eq!(parts[4], "--\r\n");
    }
}
