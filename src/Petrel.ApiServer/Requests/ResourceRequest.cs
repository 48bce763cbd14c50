using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Requests;

/// <summary>A request for a resource that exists: what verbs get.</summary>
internal sealed record ResourceRequest(ApiRequest Http, RequestInfo Info, KindDefinition Kind)
{
    /// <summary>The object; its name is empty for collections.</summary>
    public ObjectKey Key { get; } = new(Kind.Namespaced ? Info.Namespace : "", Info.Name);

    /// <summary>How the client wants the answer.</summary>
    public ResponseFormat Format => Accepts.Read(Http.Accept);

    /// <summary>What paths of the collection begin with.</summary>
    public string PathPrefix => Key.Namespace.Length == 0 ? "" : Key.Namespace + "/";
}
