// What the server says about this person and this page, and the words of the interface.

const element = document.getElementById("center-boot");

/** @type {{user: string, language: string, zone: string, last: string, urls: Record<string,string>, words: Record<string,string>}} */
export const boot = element ? JSON.parse(element.textContent) : { user: "", language: "en", zone: "UTC", last: "", urls: {}, words: {} };

/** The words called `key`, with "%(name)s" filled in. */
export function say(key, values = {}) {
    const text = boot.words[key] ?? key;
    return text.replace(/%\((\w+)\)s/g, (_all, name) => String(values[name] ?? "")).replace(/%%/g, "%");
}

const numbers = new Intl.NumberFormat(boot.language === "en" ? "en" : "zh-Hans");

/** 1234567 → 1,234,567 */
export const number = (value) => numbers.format(value);

/** Seconds as people say them. */
export function duration(seconds) {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 60) return say("seconds", { seconds: whole });
    if (whole < 3600) return say("minutes", { minutes: Math.floor(whole / 60), seconds: whole % 60 });
    return say("hours", { hours: Math.floor(whole / 3600), minutes: Math.floor((whole % 3600) / 60) });
}

/** Bytes in a unit that people read. */
export function bytes(count) {
    const units = ["B", "KB", "MB", "GB", "TB"];
    let amount = count;
    let power = 0;
    while (amount >= 1000 && power < units.length - 1) {
        amount /= 1024;
        power += 1;
    }
    return `${numbers.format(power ? Math.round(amount * 10) / 10 : amount)} ${units[power]}`;
}

/** Call `run` once things have been quiet for `wait` ms. */
export function debounced(wait, run) {
    let timer = 0;
    return (...given) => {
        clearTimeout(timer);
        timer = setTimeout(() => run(...given), wait);
    };
}

/** Call `run` at most once in `wait` ms, the first time at once, and once more for what came meanwhile. */
export function throttled(wait, run) {
    let timer = 0;
    let again = false;
    return function call() {
        if (timer) {
            again = true;
            return;
        }
        run();
        timer = setTimeout(() => {
            timer = 0;
            if (again) {
                again = false;
                call();
            }
        }, wait);
    };
}
