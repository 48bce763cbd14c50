using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Guestbook;

// Settings come from the environment, as a container's do:
//   GUESTBOOK_VERSION, PORT (8080), TITLE_FILE (a mounted file), POD_NAME, DRAIN_SECONDS (3),
//   REDIS_HOST (else REDIS_SERVICE_HOST), REDIS_PORT (6379), REDIS_PASSWORD.
var version = Setting("GUESTBOOK_VERSION", "dev");
var pod = Setting("POD_NAME", Setting("HOSTNAME", Environment.MachineName));
var titleFile = Setting("TITLE_FILE", "/etc/guestbook/title");
var drain = TimeSpan.FromSeconds(double.Parse(Setting("DRAIN_SECONDS", "3")));
var redis = new RedisList(
    Setting("REDIS_HOST", Setting("REDIS_SERVICE_HOST", "127.0.0.1")),
    int.Parse(Setting("REDIS_PORT", "6379")),
    Setting("REDIS_PASSWORD", ""),
    "guestbook",
    TimeSpan.FromMilliseconds(300)
);
var draining = false;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.UseUrls("http://0.0.0.0:" + Setting("PORT", "8080"));
builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(10));
var app = builder.Build();

app.Use(
    async (context, next) =>
    {
        if (Volatile.Read(ref draining))
        {
            // A kept connection would bring the next request here too.
            context.Response.Headers.Connection = "close";
        }
        await next(context);
        Console.WriteLine($"{context.Request.Method} {context.Request.Path} {context.Response.StatusCode}");
    }
);
app.MapGet("/", async context =>
{
    IReadOnlyList<string> entries = [];
    string? notice = null;
    try
    {
        entries = await redis.ReadAsync();
    }
    catch (RedisException e)
    {
        notice = $"The entries cannot be read just now ({e.Message}).";
    }
    context.Response.ContentType = "text/html; charset=utf-8";
    await context.Response.WriteAsync(Page.Render(Title(), version, pod, entries, notice));
});
app.MapGet("/entries", async context =>
{
    try
    {
        var list = new JsonArray([.. (await redis.ReadAsync()).Select(e => JsonValue.Create(e))]);
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(list.ToJsonString());
    }
    catch (RedisException e)
    {
        await RefuseAsync(context, e.Message);
    }
});
app.MapPost("/entries", async context =>
{
    var form = context.Request.HasFormContentType;
    var entry = form
        ? (await context.Request.ReadFormAsync())["entry"].ToString()
        : await new StreamReader(context.Request.Body).ReadToEndAsync();
    if (string.IsNullOrWhiteSpace(entry) || entry.Length > 200)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        await context.Response.WriteAsync("an entry has 1 to 200 characters\n");
        return;
    }
    try
    {
        await redis.AddAsync(entry.Trim());
    }
    catch (RedisException e)
    {
        await RefuseAsync(context, e.Message);
        return;
    }
    if (form)
    {
        context.Response.Redirect("/");
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
    }
    else
    {
        context.Response.StatusCode = StatusCodes.Status201Created;
    }
});
app.MapGet("/version", context => context.Response.WriteAsync(version + "\n"));
app.MapGet("/healthz", context => context.Response.WriteAsync("ok\n"));

// Ready without Redis too: the page answers, and a restart would not bring Redis back.
app.MapGet("/readyz", context => Volatile.Read(ref draining) ? RefuseAsync(context, "shutting down") : context.Response.WriteAsync("ok\n"));

// SIGTERM: not ready from now on, but still answering while the news spreads; then what runs is finished, and the end is a clean one.
var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
await app.StartAsync();
Console.WriteLine($"guestbook {version} on {pod}: listening");
await stop.Task;
Volatile.Write(ref draining, true);
Console.WriteLine($"guestbook {version} on {pod}: draining for {drain.TotalSeconds} s");
await Task.Delay(drain);
await app.StopAsync();
return 0;

void OnSignal(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.TrySetResult();
}

string Title() => File.Exists(titleFile) ? File.ReadAllText(titleFile).Trim() : "Guestbook";

static string Setting(string name, string fallback) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : fallback;

static Task RefuseAsync(HttpContext context, string why)
{
    context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
    return context.Response.WriteAsync(why + "\n");
}
