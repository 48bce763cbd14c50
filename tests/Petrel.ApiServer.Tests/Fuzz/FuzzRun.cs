using System.Text;
using CsCheck;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Tests.Protection;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Tests.Fuzz;

/// <summary>
/// Sends a fixed number of inputs, the same in every run, to one server: no answer is a 5xx, what is refused changes nothing, an answer
/// takes only so much memory, and the server goes on. Everything happens on the test's own thread, so that what an input allocates is
/// known.
/// </summary>
internal sealed class FuzzRun
{
    public const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    // What any request may allocate, and what each byte of a body may add to that.
    private const long MaxBytes = 16 << 20;
    private const long MaxBytesOfEach = 4096;

    private static readonly Encoding Latin1 = Encoding.Latin1;

    private readonly TestApi _api;
    private readonly VirtualThread _thread;

    private FuzzRun(TestApi api, VirtualThread thread) => (_api, _thread) = (api, thread);

    public TestApi Api => _api;

    /// <summary>
    /// How many answers of each status there were: a target whose inputs are all refused at the door tests only the door.
    /// </summary>
    public SortedDictionary<int, int> StatusCodes { get; } = [];

    /// <summary>Runs <paramref name="send"/> for each of <paramref name="inputs"/> inputs.</summary>
    public static void Run(int inputs, Func<TestApi, Task> prepare, Action<FuzzRun, PCG> send, Func<Task<TestApi>>? start = null) =>
        VirtualThread.Run(async thread =>
        {
            await using var api = await (start?.Invoke() ?? TestApi.StartAsync());
            await prepare(api);
            var run = new FuzzRun(api, thread);
            for (var i = 1; i <= inputs; i++)
            {
                send(run, new PCG(1, (ulong)i));
            }
            Assert.Equal(200, run.Send("GET", "/api/v1/namespaces/default").StatusCode);
            Assert.True(run.StatusCodes.Keys.Any(status => status >= 400), "nothing was refused");
        });

    public ApiResponse Send(
        string method,
        string target,
        byte[]? body = null,
        string type = "application/json",
        string accept = "application/json",
        string token = ""
    ) =>
        Send(
            new ApiRequest
            {
                Method = method,
                Path = target.Split('?')[0],
                Query = target.Contains('?', StringComparison.Ordinal)
                    ?
                    [
                        .. target[(target.IndexOf('?', StringComparison.Ordinal) + 1)..]
                            .Split('&')
                            .Select(p => p.Split('=', 2))
                            .Select(p => KeyValuePair.Create(Decoded(p[0]), Decoded(p[^1]))),
                    ]
                    : [],
                Body = body ?? [],
                ContentType = body is null ? "" : type,
                Accept = accept,
                Authorization = token,
                User = token.Length > 0 ? UserInfo.Anonymous : UserInfo.ControlPlane("test"),
            }
        );

    public ApiResponse Send(ApiRequest request)
    {
        // What the last one set going (a definition's new kind) is done before this one counts.
        _thread.Settle();
        var revision = _api.Store.CurrentRevision;
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var ended = new CancellationTokenSource();
        var answering = _api.Server.HandleAsync(request, ended.Token).AsTask();
        _thread.Settle();
        if (!answering.IsCompleted)
        {
            // It waits for a revision that does not come.
            _api.Time.Advance(TimeSpan.FromSeconds(5));
            _thread.Settle();
        }
        Assert.True(answering.IsCompleted, Describe(request, "has no answer"));
        var response = answering.GetAwaiter().GetResult();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(
            response.StatusCode is >= 200 and < 500 || IsUpstreams(response),
            Describe(request, $"{response.StatusCode} {response.BodyText}")
        );
        Assert.True(
            response.StatusCode < 400 || _api.Store.CurrentRevision == revision,
            Describe(request, $"was refused ({response.StatusCode}), but something was written")
        );
        Assert.True(allocated < MaxBytes + MaxBytesOfEach * request.Body.Length, Describe(request, $"allocated {allocated:N0} bytes"));
        StatusCodes[response.StatusCode] = StatusCodes.GetValueOrDefault(response.StatusCode) + 1;
        return response;
    }

    // Where upstream says 5xx for what is the client's fault, so does this server: a read at a revision of the future when it has waited
    // for that, an apply of fields that the schema does not have, and acting for groups of nobody.
    private static bool IsUpstreams(ApiResponse response) =>
        response.StatusCode switch
        {
            504 => response.BodyText.Contains("Too large resource version", StringComparison.Ordinal),
            500 => response.BodyText.Contains("\"message\":\"failed to create typed patch object (", StringComparison.Ordinal)
                || response.BodyText.Contains(" without impersonating a user", StringComparison.Ordinal),
            _ => false,
        };

    private static string Decoded(string text) => Uri.UnescapeDataString(text);

    private static string Describe(ApiRequest request, string problem) =>
        $"{request.Method} {request.Path}?{string.Join('&', request.Query.Select(q => $"{q.Key}={q.Value}"))} "
        + $"{request.ContentType} {request.Authorization}\n"
        + $"{Latin1.GetString(request.Body.Span[..Math.Min(4000, request.Body.Length)])}\n{problem}";
}
