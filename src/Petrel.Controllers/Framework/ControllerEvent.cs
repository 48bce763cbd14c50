using k8s;
using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers.Framework;

/// <summary>An event that a plan asks to record about its object.</summary>
/// <param name="Type"><c>Normal</c> or <c>Warning</c>.</param>
/// <param name="Reason">The reason, for machines.</param>
/// <param name="Message">The message, for people.</param>
public sealed record ControllerEvent(string Type, string Reason, string Message)
{
    /// <summary>Records the event.</summary>
    public void Record(EventRecorder events, IKubernetesObject<V1ObjectMeta> about) => events.Record(about, Type, Reason, Message);
}
