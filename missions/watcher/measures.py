"""What the watcher counts, for Prometheus."""

from prometheus_client import Counter, Gauge

TAKEN_IN = Counter(
    "parallagon_watch_taken_in_total",
    "Revisions made of what other programs did in mission folders",
    ["operation"],
)
RESCANS = Counter("parallagon_watch_rescans_total", "Times a mission's whole folder was looked at")
FILES_READ = Counter("parallagon_watch_files_read_total", "Files read to compare them")
ERRORS = Counter(
    "parallagon_watch_errors_total", "Looks that failed and are tried again", ["reason"]
)
FOLDERS = Gauge("parallagon_watch_folders", "Folders watched", multiprocess_mode="livesum")
FOLDERS_GONE = Gauge(
    "parallagon_watch_folders_gone", "Missions whose folder is gone", multiprocess_mode="livesum"
)
IS_BLIND = Gauge(
    "parallagon_watch_is_blind",
    "1 while the system watches nothing for us and folders are looked at in turns",
    multiprocess_mode="livesum",
)
