# One image for web, workers, beat and the simulator: the command says which. Everything else comes from the
# environment (.env.example). `make run` needs none of this.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# pg_dump and pg_restore, for `manage.py backup`: no older than the server (docker-compose.yml)
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home portal && install -d -o portal /var/lib/portal
WORKDIR /srv/portal

COPY requirements.txt .
RUN pip install -r requirements.txt
COPY manage.py ./
COPY portal portal
COPY accounts accounts
COPY qbsync qbsync
COPY templates templates
COPY static static
# Settings want every production variable; the values matter only to a process that serves, not to this one.
RUN QBO_ENVIRONMENT=production QBO_CLIENT_ID=- QBO_CLIENT_SECRET=- QBO_REDIRECT_URI=https://localhost/ \
    QBO_WEBHOOK_VERIFIER_TOKEN=- SECRET_KEY=- ALLOWED_HOSTS=localhost EMAIL_URL=console: \
    TOKEN_ENCRYPTION_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    DATABASE_URL=postgresql://localhost/- REDIS_URL=redis://localhost/0 \
    python manage.py collectstatic --noinput

USER portal
ENV PORTAL_DATA_DIR=/var/lib/portal
EXPOSE 8000
CMD ["gunicorn", "portal.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "8", "--no-control-socket"]
