/* A null S3 server: it reads every request whole, does nothing, and answers as S3 would.
 *
 *     null_server PORT [DELAY_MS [FOLDER]]
 *
 * One thread, epoll, HTTP/1.1 keep-alive, loopback only. It exists to be much faster than any
 * client, so that a benchmark measures the client.
 *
 *   - Every object exists: 16 bytes, one ETag, one date. A PUT is a 200 with an ETag, and with
 *     x-amz-copy-source a CopyObjectResult. Multipart uploads begin, take parts and complete.
 *   - A bucket named something-N lists the N keys object-00000000, object-00000001 ...; every
 *     other bucket lists none.
 *   - A few small objects that were really put, and their subresources (tags, ACL ...), are kept
 *     and given back, so that a client that tries the store on a scratch object finds what it wrote.
 *   - With a FOLDER, its files are the objects of the bucket `files`, whole or by a range of bytes.
 *   - A PUT of a key that begins with `refused-` is a 403.
 *   - Replies are held back for DELAY_MS. As all wait equally long, they wait in one ring.
 *   - GET /-/counts tells how many requests of each kind were answered; POST /-/counts sets it to 0.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONNECTIONS 8192 /* by descriptor */
#define IN_BYTES 65536        /* of a connection; a longer body is read past, not kept */
#define PATH_BYTES 4096
#define KEPT 64
#define PAGE 1000
#define FILES "/files/" /* where the files of the folder are */
#define REFUSED "/refused-"

#define ETAG "\"4032af8d61035123906e58e067140cc5\"" /* the MD5 of BODY */
#define XML_ETAG "&quot;4032af8d61035123906e58e067140cc5&quot;"
#define BODY "0123456789abcdef"
#define ISO_DATE "2024-01-01T00:00:00.000Z"
#define HTTP_DATE "Mon, 01 Jan 2024 00:00:00 GMT"
#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define NS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

enum kind { COPY, TAGGING, PUT, GET, HEAD, LIST, POST, DELETE, KINDS };
static const char *const kind_names[KINDS] = {"copy", "tagging", "put",  "get",
                                              "head", "list",    "post", "delete"};
static uint64_t counts[KINDS];

struct connection {
    uint32_t life; /* raised when the descriptor is closed: a held reply knows whose it is */
    bool open, waiting, closing, wants_out;
    char *in;
    size_t in_at, in_upto;
    uint64_t skip; /* bytes of a long body still to come */
    char *out;
    size_t out_at, out_upto, out_size;
};

struct span {
    const char *at;
    size_t length;
};

struct request {
    struct span method, path, query, copy_source, range, body;
    uint64_t content_length;
    bool expects_continue, chunked, closes;
};

struct held {
    uint64_t due_ns;
    int fd;
    uint32_t life;
};

struct kept {
    char *path;
    char *body;
    size_t length;
};

static struct connection connections[MOST_CONNECTIONS];
static struct held ring[MOST_CONNECTIONS]; /* a connection waits for one reply at a time */
static unsigned ring_head, ring_count;
static struct kept kept[KEPT];
static unsigned kept_next, kept_count;
static uint64_t delay_ns;
static const char *folder;
static int poller, timer;
static struct request pending[MOST_CONNECTIONS]; /* of a body that is being skipped */
static char pending_method[MOST_CONNECTIONS][8];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- words */

static bool is(struct span text, const char *word) {
    return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

static bool begins(struct span text, const char *word) {
    size_t length = strlen(word);
    return text.length >= length && memcmp(text.at, word, length) == 0;
}

/* The value of a query parameter; `at` is NULL where it is not there. */
static struct span parameter(struct span query, const char *name) {
    size_t length = strlen(name), at = 0;
    while (at < query.length) {
        const char *start = query.at + at;
        const char *ampersand = memchr(start, '&', query.length - at);
        size_t size = ampersand ? (size_t)(ampersand - start) : query.length - at;
        if (size >= length && memcmp(start, name, length) == 0) {
            if (size == length)
                return (struct span){start + size, 0};
            if (start[length] == '=')
                return (struct span){start + length + 1, size - length - 1};
        }
        at += size + 1;
    }
    return (struct span){NULL, 0};
}

static uint64_t number(struct span text) {
    uint64_t value = 0;
    for (size_t i = 0; i < text.length && isdigit((unsigned char)text.at[i]); i++)
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    return value;
}

/* ---- what is sent */

static void reserve(struct connection *c, size_t more) {
    if (c->out_upto + more <= c->out_size)
        return;
    while (c->out_upto + more > c->out_size)
        c->out_size = c->out_size ? c->out_size * 2 : 1024;
    c->out = realloc(c->out, c->out_size);
    if (!c->out)
        fail("realloc");
}

static void add(struct connection *c, const char *bytes, size_t length) {
    reserve(c, length);
    memcpy(c->out + c->out_upto, bytes, length);
    c->out_upto += length;
}

__attribute__((format(printf, 2, 3))) static void say(struct connection *c, const char *format, ...) {
    va_list arguments;
    reserve(c, 1024);
    va_start(arguments, format);
    int length = vsnprintf(c->out + c->out_upto, 1024, format, arguments);
    va_end(arguments);
    if (length > 0)
        c->out_upto += (size_t)length < 1024 ? (size_t)length : 1023;
}

static void reply(struct connection *c, const char *status, const char *headers, const char *body,
                  size_t length, bool with_body) {
    say(c,
        "HTTP/1.1 %s\r\nServer: null\r\nx-amz-request-id: 0000000000000000\r\n%s"
        "Content-Length: %zu\r\n\r\n",
        status, headers, length);
    if (with_body)
        add(c, body, length);
}

#define EMPTY_OK "HTTP/1.1 200 OK\r\nServer: null\r\nx-amz-request-id: 0000000000000000\r\n" \
                 "ETag: " ETAG "\r\nContent-Length: 0\r\n\r\n"

static void xml(struct connection *c, const char *body) {
    reply(c, "200 OK", "Content-Type: application/xml\r\n", body, strlen(body), true);
}

#define OBJECT_HEADERS \
    "ETag: %s\r\nLast-Modified: " HTTP_DATE "\r\nAccept-Ranges: bytes\r\n" \
    "Content-Type: application/octet-stream\r\n"

/* ---- the few objects that are kept */

static struct kept *find(struct span path, struct span query) {
    if (!kept_count)
        return NULL;
    for (unsigned i = 0; i < KEPT; i++) {
        const char *known = kept[i].path;
        if (known && strncmp(known, path.at, path.length) == 0 &&
            (query.length ? known[path.length] == '?' &&
                                strlen(known + path.length + 1) == query.length &&
                                memcmp(known + path.length + 1, query.at, query.length) == 0
                          : known[path.length] == '\0'))
            return &kept[i];
    }
    return NULL;
}

static void forget(struct kept *entry) {
    if (!entry || !entry->path)
        return;
    free(entry->path);
    free(entry->body);
    *entry = (struct kept){0};
    kept_count--;
}

static void keep(struct span path, struct span query, struct span body) {
    struct kept *entry = find(path, query);
    if (!entry)
        entry = &kept[kept_next++ % KEPT];
    char *name = malloc(path.length + query.length + 2), *copy = malloc(body.length + 1);
    if (!name || !copy)
        fail("malloc");
    sprintf(name, "%.*s%s%.*s", (int)path.length, path.at, query.length ? "?" : "",
            (int)query.length, query.at ? query.at : "");
    memcpy(copy, body.at, body.length);
    forget(entry);
    *entry = (struct kept){name, copy, body.length};
    kept_count++;
}

/* Keep a copy of a kept object. The source is "bucket/key" or "/bucket/key", perhaps with a version. */
static void keep_copy(struct span source, struct span path) {
    char name[PATH_BYTES];
    const char *end = memchr(source.at, '?', source.length);
    size_t length = end ? (size_t)(end - source.at) : source.length;
    if (!kept_count || length + 2 > sizeof name)
        return;
    size_t slash = length && source.at[0] == '/' ? 0 : 1;
    name[0] = '/';
    memcpy(name + slash, source.at, length);
    struct kept *from = find((struct span){name, length + slash}, (struct span){NULL, 0});
    if (!from)
        return;
    struct span body = {from->body, from->length};
    char *copy = malloc(body.length + 1); /* `keep` may free the source to make place */
    if (!copy)
        fail("malloc");
    memcpy(copy, body.at, body.length);
    keep(path, (struct span){NULL, 0}, (struct span){copy, body.length});
    free(copy);
}

/* ---- replies */

static bool has_key(struct span path) {
    const char *slash = path.length > 1 ? memchr(path.at + 1, '/', path.length - 1) : NULL;
    return slash && slash + 1 < path.at + path.length;
}

/* The number at the end of a bucket's name, which is how many keys it lists. */
static uint64_t listed(struct span path) {
    struct span name = path;
    while (name.length && name.at[name.length - 1] == '/')
        name.length--;
    const char *dash = memrchr(name.at, '-', name.length);
    if (!dash || dash + 1 == name.at + name.length)
        return 0;
    return number((struct span){dash + 1, name.length - (size_t)(dash + 1 - name.at)});
}

static void list(struct connection *c, struct span path, struct span query) {
    static char page[1024 + PAGE * 256];
    uint64_t total = listed(path), from = 0, most = PAGE;
    struct span token = parameter(query, "continuation-token"), marker = parameter(query, "marker");
    struct span after = parameter(query, "start-after"), keys = parameter(query, "max-keys");
    struct span prefix = parameter(query, "prefix");
    if (token.length)
        from = number(token);
    else if (marker.at && begins(marker, "object-"))
        from = number((struct span){marker.at + 7, marker.length - 7}) + 1;
    else if (after.at && begins(after, "object-"))
        from = number((struct span){after.at + 7, after.length - 7}) + 1;
    if (keys.length && number(keys) < most)
        most = number(keys);
    if (prefix.length && !(prefix.length <= 7 && memcmp("object-", prefix.at, prefix.length) == 0))
        total = 0;
    uint64_t upto = from + most < total ? from + most : total;
    if (from > upto)
        from = upto;
    size_t at = (size_t)sprintf(page,
                                XML "<ListBucketResult" NS "><KeyCount>%lu</KeyCount><MaxKeys>%lu"
                                    "</MaxKeys><IsTruncated>%s</IsTruncated>",
                                upto - from, most, upto < total ? "true" : "false");
    if (upto < total)
        at += (size_t)sprintf(page + at,
                              "<NextContinuationToken>%lu</NextContinuationToken>"
                              "<NextMarker>object-%08lu</NextMarker>",
                              upto, upto - 1);
    for (uint64_t i = from; i < upto; i++)
        at += (size_t)sprintf(page + at,
                              "<Contents><Key>object-%08lu</Key><LastModified>" ISO_DATE
                              "</LastModified><ETag>" XML_ETAG "</ETag><Size>16</Size>"
                              "<StorageClass>STANDARD</StorageClass></Contents>",
                              i);
    at += (size_t)sprintf(page + at, "</ListBucketResult>");
    reply(c, "200 OK", "Content-Type: application/xml\r\n", page, at, true);
}

static void tell_counts(struct connection *c) {
    char text[512];
    size_t at = 0;
    for (int i = 0; i < KINDS; i++)
        at += (size_t)sprintf(text + at, "%s\"%s\": %lu", i ? ", " : "{", kind_names[i], counts[i]);
    at += (size_t)sprintf(text + at, "}\n");
    reply(c, "200 OK", "Content-Type: application/json\r\n", text, at, true);
}

static void deny(struct connection *c) {
    const char *text = XML "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    reply(c, "403 Forbidden", "Content-Type: application/xml\r\n", text, strlen(text), true);
}

static void answer_put(struct connection *c, const struct request *r) {
    if (r->copy_source.at) {
        counts[COPY]++;
        keep_copy(r->copy_source, r->path);
        const char *result = parameter(r->query, "partNumber").at ? "CopyPartResult" : "CopyObjectResult";
        char text[512];
        sprintf(text, XML "<%s" NS "><LastModified>" ISO_DATE "</LastModified><ETag>" XML_ETAG "</ETag></%s>",
                result, result);
        xml(c, text);
        return;
    }
    counts[parameter(r->query, "tagging").at ? TAGGING : PUT]++;
    if (memmem(r->path.at, r->path.length, REFUSED, sizeof REFUSED - 1)) {
        deny(c);
        return;
    }
    bool plain = !r->query.length || begins(r->query, "x-id=");
    if (has_key(r->path) && r->body.at && plain)
        keep(r->path, (struct span){NULL, 0}, r->body);
    else if (r->query.length && r->body.at && find(r->path, (struct span){NULL, 0}))
        keep(r->path, r->query, r->body);
    add(c, EMPTY_OK, sizeof EMPTY_OK - 1);
}

static void answer_object(struct connection *c, const struct request *r, bool with_body) {
    char headers[512];
    bool plain = !r->query.length || begins(r->query, "x-id=");
    struct kept *entry = find(r->path, plain ? (struct span){NULL, 0} : r->query);
    counts[with_body ? GET : HEAD]++;
    if (with_body && parameter(r->query, "tagging").at && !entry) {
        xml(c, XML "<Tagging" NS "><TagSet></TagSet></Tagging>");
        return;
    }
    sprintf(headers, OBJECT_HEADERS, ETAG);
    if (entry)
        reply(c, "200 OK", headers, entry->body, entry->length, with_body);
    else
        reply(c, "200 OK", headers, BODY, sizeof BODY - 1, with_body);
}

static void no_such_key(struct connection *c, bool with_body) {
    const char *text = XML "<Error><Code>NoSuchKey</Code><Message>There is no such file.</Message></Error>";
    reply(c, "404 Not Found", "Content-Type: application/xml\r\n", text, strlen(text), with_body);
}

/* The bytes of a range such as bytes=0-1023 or bytes=1024-; all of them where none is asked for. */
static bool read_range(struct span range, uint64_t size, uint64_t *from, uint64_t *upto) {
    *from = 0, *upto = size;
    if (!begins(range, "bytes="))
        return false;
    const char *at = range.at + 6, *end = range.at + range.length;
    const char *dash = memchr(at, '-', (size_t)(end - at));
    if (!dash)
        return false;
    *from = number((struct span){at, (size_t)(dash - at)});
    if (dash + 1 < end)
        *upto = number((struct span){dash + 1, (size_t)(end - dash - 1)}) + 1;
    *upto = *upto < size ? *upto : size;
    *from = *from < *upto ? *from : *upto;
    return true;
}

static void answer_file(struct connection *c, const struct request *r, bool with_body) {
    char name[2 * PATH_BYTES], range[128] = "";
    struct stat file;
    size_t skip = sizeof FILES - 1;
    uint64_t from, upto;
    counts[with_body ? GET : HEAD]++;
    snprintf(name, sizeof name, "%s/%.*s", folder, (int)(r->path.length - skip), r->path.at + skip);
    int fd = strstr(name, "..") ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &file) < 0 || !S_ISREG(file.st_mode)) {
        no_such_key(c, with_body);
        if (fd >= 0)
            close(fd);
        return;
    }
    bool part = read_range(r->range, (uint64_t)file.st_size, &from, &upto);
    if (part)
        snprintf(range, sizeof range, "Content-Range: bytes %lu-%lu/%lu\r\n", from,
                 upto ? upto - 1 : 0, (uint64_t)file.st_size);
    say(c,
        "HTTP/1.1 %s\r\nServer: null\r\nETag: \"%lx-%lx\"\r\nLast-Modified: " HTTP_DATE "\r\n"
        "Accept-Ranges: bytes\r\n%sContent-Length: %lu\r\n\r\n",
        part ? "206 Partial Content" : "200 OK", (uint64_t)file.st_mtim.tv_sec, file.st_size, range,
        upto - from);
    while (with_body && from < upto) {
        reserve(c, upto - from);
        ssize_t got = pread(fd, c->out + c->out_upto, upto - from, (off_t)from);
        if (got <= 0)
            fail("pread");
        c->out_upto += (size_t)got;
        from += (uint64_t)got;
    }
    close(fd);
}

static void answer_bucket(struct connection *c, const struct request *r) {
    if (r->path.length <= 1) {
        counts[GET]++;
        xml(c, XML "<ListAllMyBucketsResult" NS "><Owner><ID>null</ID></Owner><Buckets></Buckets>"
                   "</ListAllMyBucketsResult>");
    } else if (parameter(r->query, "location").at) {
        counts[GET]++;
        xml(c, XML "<LocationConstraint" NS "/>");
    } else if (parameter(r->query, "versioning").at) {
        counts[GET]++;
        xml(c, XML "<VersioningConfiguration" NS "/>");
    } else if (parameter(r->query, "uploads").at) {
        counts[GET]++;
        xml(c, XML "<ListMultipartUploadsResult" NS "><IsTruncated>false</IsTruncated>"
                   "</ListMultipartUploadsResult>");
    } else if (parameter(r->query, "versions").at) {
        counts[LIST]++;
        xml(c, XML "<ListVersionsResult" NS "><IsTruncated>false</IsTruncated></ListVersionsResult>");
    } else {
        counts[LIST]++;
        list(c, r->path, r->query);
    }
}

static void answer_post(struct connection *c, const struct request *r) {
    counts[POST]++;
    if (parameter(r->query, "uploads").at)
        xml(c, XML "<InitiateMultipartUploadResult" NS "><UploadId>null-upload</UploadId>"
                   "</InitiateMultipartUploadResult>");
    else if (parameter(r->query, "uploadId").at)
        xml(c, XML "<CompleteMultipartUploadResult" NS "><ETag>" XML_ETAG "</ETag>"
                   "</CompleteMultipartUploadResult>");
    else if (parameter(r->query, "delete").at)
        xml(c, XML "<DeleteResult" NS "/>");
    else
        reply(c, parameter(r->query, "restore").at ? "202 Accepted" : "200 OK", "", "", 0, true);
}

static void answer(struct connection *c, const struct request *r) {
    if (is(r->path, "/-/counts")) {
        if (is(r->method, "POST"))
            memset(counts, 0, sizeof counts);
        tell_counts(c);
    } else if (folder && begins(r->path, FILES) && (is(r->method, "GET") || is(r->method, "HEAD")) &&
               has_key(r->path)) {
        answer_file(c, r, is(r->method, "GET"));
    } else if (is(r->method, "PUT")) {
        answer_put(c, r);
    } else if (is(r->method, "HEAD")) {
        if (has_key(r->path)) {
            answer_object(c, r, false);
        } else {
            counts[HEAD]++;
            reply(c, "200 OK", "x-amz-bucket-region: us-east-1\r\n", "", 0, true);
        }
    } else if (is(r->method, "GET")) {
        if (has_key(r->path))
            answer_object(c, r, true);
        else
            answer_bucket(c, r);
    } else if (is(r->method, "POST")) {
        answer_post(c, r);
    } else if (is(r->method, "DELETE")) {
        bool plain = !r->query.length || begins(r->query, "x-id=");
        counts[DELETE]++;
        forget(find(r->path, plain ? (struct span){NULL, 0} : r->query));
        add(c, "HTTP/1.1 204 No Content\r\nServer: null\r\n\r\n", 41);
    } else {
        reply(c, "405 Method Not Allowed", "", "", 0, true);
    }
}

/* ---- reading */

static void read_header(struct request *r, const char *line, size_t length) {
    const char *colon = memchr(line, ':', length);
    if (!colon)
        return;
    size_t name = (size_t)(colon - line);
    struct span value = {colon + 1, length - name - 1};
    while (value.length && (*value.at == ' ' || *value.at == '\t'))
        value.at++, value.length--;
    while (value.length && (value.at[value.length - 1] == ' ' || value.at[value.length - 1] == '\t'))
        value.length--;
    switch (name) {
    case 5:
        if (strncasecmp(line, "Range", 5) == 0)
            r->range = value;
        break;
    case 6:
        if (strncasecmp(line, "Expect", 6) == 0)
            r->expects_continue = true;
        break;
    case 10:
        if (strncasecmp(line, "Connection", 10) == 0)
            r->closes = value.length == 5 && strncasecmp(value.at, "close", 5) == 0;
        break;
    case 14:
        if (strncasecmp(line, "Content-Length", 14) == 0)
            r->content_length = number(value);
        break;
    case 17:
        if (strncasecmp(line, "x-amz-copy-source", 17) == 0)
            r->copy_source = value;
        else if (strncasecmp(line, "Transfer-Encoding", 17) == 0)
            r->chunked = true;
        break;
    default:
        break;
    }
}

/* Read a head that ends before `end`; false where it is no HTTP. */
static bool read_head(struct request *r, const char *at, const char *end) {
    *r = (struct request){0};
    const char *line_end = memchr(at, '\r', (size_t)(end - at) + 1);
    const char *target = memchr(at, ' ', (size_t)(line_end - at));
    if (!target)
        return false;
    r->method = (struct span){at, (size_t)(target - at)};
    target++;
    const char *target_end = memchr(target, ' ', (size_t)(line_end - target));
    if (!target_end || r->method.length > 7 || *target != '/')
        return false;
    const char *mark = memchr(target, '?', (size_t)(target_end - target));
    r->path = (struct span){target, (size_t)((mark ? mark : target_end) - target)};
    if (mark)
        r->query = (struct span){mark + 1, (size_t)(target_end - mark - 1)};
    if (r->path.length + r->query.length > PATH_BYTES)
        return false;
    for (at = line_end + 2; at < end; at = line_end + 2) {
        line_end = memchr(at, '\r', (size_t)(end - at) + 1);
        if (!line_end)
            break;
        read_header(r, at, (size_t)(line_end - at));
    }
    return true;
}

static void drop(int fd) {
    struct connection *c = &connections[fd];
    free(c->in);
    free(c->out);
    *c = (struct connection){.life = c->life + 1};
    close(fd);
}

static void want(int fd, bool out) {
    struct connection *c = &connections[fd];
    if (c->wants_out == out)
        return;
    c->wants_out = out;
    struct epoll_event event = {.events = EPOLLIN | (out ? EPOLLOUT : 0u), .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event);
}

/* Send what there is; false when the connection is gone. */
static bool flush(int fd) {
    struct connection *c = &connections[fd];
    while (c->out_at < c->out_upto) {
        ssize_t sent = send(fd, c->out + c->out_at, c->out_upto - c->out_at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            want(fd, true);
            return true;
        }
        if (sent <= 0) {
            drop(fd);
            return false;
        }
        c->out_at += (size_t)sent;
    }
    c->out_at = c->out_upto = 0;
    want(fd, false);
    if (c->closing) {
        drop(fd);
        return false;
    }
    return true;
}

static void hold(int fd) {
    struct held *last = &ring[(ring_head + ring_count++) % MOST_CONNECTIONS];
    *last = (struct held){now_ns() + delay_ns, fd, connections[fd].life};
    connections[fd].waiting = true;
    if (ring_count > 1)
        return;
    struct itimerspec at = {.it_value = {(time_t)(last->due_ns / 1000000000u),
                                         (long)(last->due_ns % 1000000000u)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static bool refuse(int fd, const char *status) {
    struct connection *c = &connections[fd];
    c->closing = true;
    reply(c, status, "Connection: close\r\n", "", 0, true);
    return flush(fd);
}

/* Answer a whole request: at once, or when its time has come. False when the connection is gone. */
static bool serve(int fd, const struct request *r) {
    struct connection *c = &connections[fd];
    bool held = delay_ns && !is(r->path, "/-/counts");
    c->closing |= r->closes;
    answer(c, r);
    if (held) {
        hold(fd);
        return true;
    }
    return flush(fd);
}

/* A body too long to keep: remember what the answer needs, without what lies in the buffer. */
static void begin_skip(int fd, const struct request *r, uint64_t left) {
    static const char none[] = "/-/long-body";
    struct request *p = &pending[fd];
    size_t length = r->method.length;
    memcpy(pending_method[fd], r->method.at, length);
    *p = (struct request){.method = {pending_method[fd], length}, .closes = r->closes};
    p->path = (struct span){none, sizeof none - 1};
    if (is(r->method, "POST") && parameter(r->query, "uploadId").at)
        p->query = (struct span){"uploadId=", 9};
    connections[fd].skip = left;
}

/* Use up what was read. False when the connection is gone. */
static bool consume(int fd) {
    struct connection *c = &connections[fd];
    while (!c->waiting && c->out_upto == c->out_at) {
        char *at = c->in + c->in_at;
        size_t there = c->in_upto - c->in_at;
        if (c->skip) {
            size_t part = c->skip < there ? (size_t)c->skip : there;
            c->in_at += part;
            c->skip -= part;
            if (c->skip)
                break;
            if (!serve(fd, &pending[fd]))
                return false;
            continue;
        }
        char *end = there ? memmem(at, there, "\r\n\r\n", 4) : NULL;
        if (!end) {
            if (there == IN_BYTES)
                return refuse(fd, "431 Request Header Fields Too Large");
            break;
        }
        struct request r;
        if (!read_head(&r, at, end))
            return refuse(fd, "400 Bad Request");
        if (r.chunked)
            return refuse(fd, "501 Not Implemented");
        size_t head = (size_t)(end + 4 - at);
        if (r.content_length > IN_BYTES - head) {
            if (r.expects_continue)
                add(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
            begin_skip(fd, &r, r.content_length);
            c->in_at += head;
            if (r.expects_continue && !flush(fd))
                return false;
            continue;
        }
        if (there < head + r.content_length) {
            /* The head is read again when the body is there; only a body that waits for leave
               to come has to be asked for, once. */
            if (r.expects_continue && there == head && send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25,
                                                            MSG_NOSIGNAL) != 25) {
                drop(fd);
                return false;
            }
            break;
        }
        r.body = (struct span){end + 4, (size_t)r.content_length};
        c->in_at += head + (size_t)r.content_length;
        if (!serve(fd, &r))
            return false;
    }
    if (c->in_at == c->in_upto)
        c->in_at = c->in_upto = 0;
    return true;
}

static void on_readable(int fd) {
    struct connection *c = &connections[fd];
    if (c->in_upto == IN_BYTES && c->in_at) {
        memmove(c->in, c->in + c->in_at, c->in_upto - c->in_at);
        c->in_upto -= c->in_at;
        c->in_at = 0;
    }
    if (c->in_upto == IN_BYTES) /* a client that pipelines while its reply is held back */
        return;
    ssize_t got = recv(fd, c->in + c->in_upto, IN_BYTES - c->in_upto, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop(fd);
        return;
    }
    c->in_upto += (size_t)got;
    consume(fd);
}

static void release_due(void) {
    uint64_t expirations;
    ssize_t ignored = read(timer, &expirations, sizeof expirations);
    (void)ignored;
    uint64_t now = now_ns();
    while (ring_count && ring[ring_head].due_ns <= now) {
        struct held due = ring[ring_head];
        ring_head = (ring_head + 1) % MOST_CONNECTIONS;
        ring_count--;
        struct connection *c = &connections[due.fd];
        if (!c->open || c->life != due.life)
            continue;
        c->waiting = false;
        if (flush(due.fd))
            consume(due.fd);
    }
    if (!ring_count)
        return;
    uint64_t next = ring[ring_head].due_ns;
    struct itimerspec at = {.it_value = {(time_t)(next / 1000000000u), (long)(next % 1000000000u)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int yes = 1;
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (fd >= MOST_CONNECTIONS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connections[fd] = (struct connection){.life = connections[fd].life, .open = true};
        connections[fd].in = malloc(IN_BYTES);
        if (!connections[fd].in || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
            drop(fd);
    }
}

static int listen_on(uint16_t port) {
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0)
        fail("listen");
    return fd;
}

int main(int count, char **arguments) {
    if (count < 2 || count > 4) {
        fprintf(stderr, "usage: null_server PORT [DELAY_MS [FOLDER]]\n");
        return 2;
    }
    delay_ns = count > 2 ? (uint64_t)(atof(arguments[2]) * 1e6) : 0;
    folder = count > 3 ? arguments[3] : NULL;
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    int listener = listen_on((uint16_t)atoi(arguments[1]));
    poller = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (poller < 0 || timer < 0)
        fail("epoll");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = timer;
    epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
    for (;;) {
        static struct epoll_event events[1024];
        int ready = epoll_wait(poller, events, 1024, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                accept_all(listener);
            } else if (fd == timer) {
                release_due();
            } else if (connections[fd].open) {
                if (events[i].events & EPOLLOUT && (connections[fd].waiting || !flush(fd) || !consume(fd)))
                    continue;
                if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && connections[fd].open)
                    on_readable(fd);
            }
        }
    }
}
