FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements/runtime.txt requirements/
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY . .
RUN TRACKER_DATA_DIR=/tmp/data /venv/bin/python manage.py collectstatic --noinput

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home tracker && install --directory --owner tracker /data
COPY --from=build /venv /venv
COPY --from=build --chown=tracker /app /app
USER tracker
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 \
    TRACKER_DATA_DIR=/data TRACKER_DEMO=0 HOST=0.0.0.0 PORT=8000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["python", "manage.py", "start"]
