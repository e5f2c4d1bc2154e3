# Kith as an image. docker-compose.yml builds and runs it; by itself it serves an embedded graph:
#
#   docker build --tag kith --build-arg REVISION=$(git rev-parse HEAD) .
#   docker run --publish 127.0.0.1:3000:3000 --volume kith-data:/var/lib/kith --stop-timeout 30 kith

# Not the slim one: jemalloc is built with make.
FROM rust:1.95.0-bookworm AS build
WORKDIR /build
# The dependencies are a layer of their own, which stays until the lock file changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src && echo 'fn main() {}' > src/main.rs && touch src/lib.rs \
    && cargo build --release --locked --features jemalloc \
    && rm -r src
COPY cypher cypher
COPY src src
ARG REVISION=""
# The empty sources above are newer than the real ones, by which cargo decides what to build.
RUN touch src/main.rs src/lib.rs && KITH_REVISION="$REVISION" cargo build --release --locked --features jemalloc

FROM debian:12.11-slim
ARG REVISION=""
LABEL org.opencontainers.image.title="Kith" \
      org.opencontainers.image.description="A graph-backed social API" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.revision="$REVISION"
RUN useradd --system --uid 65532 --user-group --create-home --home-dir /var/lib/kith kith
COPY --from=build /build/target/release/kith /usr/local/bin/kith
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/kith/
USER 65532:65532
# ./data in here is the embedded graph, if that is the store.
WORKDIR /var/lib/kith
ENV KITH_HTTP__LISTEN=0.0.0.0:3000 \
    KITH_LOG__FORMAT=json
EXPOSE 3000
# Requests in flight have http.shutdown_timeout (20 s) to end: whoever stops the container waits for 30 s.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["kith", "health"]
ENTRYPOINT ["kith"]
CMD ["serve"]
