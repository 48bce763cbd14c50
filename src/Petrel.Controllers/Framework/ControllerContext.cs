using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Configuration;
using Petrel.Controllers.Monitoring;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.Framework;

/// <summary>What every controller is given.</summary>
public sealed record ControllerContext(
    ApiClient Client,
    ClusterCaches Caches,
    KindMonitors Monitors,
    TimeProvider Time,
    IEntropy Entropy,
    ControllerSettings Settings,
    ILoggerFactory Logs
)
{
    /// <summary>A recorder for one controller, which has to run it.</summary>
    public EventRecorder Events(string component) => new(Client, component, "", Time, Entropy, Logs.CreateLogger(component));
}
