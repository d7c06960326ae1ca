<?php
// Says what PHP itself made of the form that it was sent.
$read = fn(string $part) => file_get_contents($_FILES[$part]["tmp_name"]);
$file = $_FILES["file"] ?? null;
$is_there = $file !== null && $file["error"] === UPLOAD_ERR_OK;
$metadata = $_POST["metadata"] ?? (isset($_FILES["metadata"]) ? $read("metadata") : null);
echo json_encode($is_there && $metadata !== null
    ? ["name" => $file["name"], "file" => base64_encode($read("file")), "metadata" => $metadata]
    : ["refused" => "no file or no metadata"]);
