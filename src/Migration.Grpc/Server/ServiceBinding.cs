using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>Finds the generated code that tells the methods of a service.</summary>
internal static class ServiceBinding
{
    /// <summary>What is looked up by name on a service's type.</summary>
    public const DynamicallyAccessedMemberTypes UsedMembers = DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicMethods;

    public static void Bind([DynamicallyAccessedMembers(UsedMembers)] Type service, ServiceBinderBase binder)
    {
        for (var type = service; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is not { } attribute) continue;
            var bind = attribute.BindType.GetMethod(
                attribute.BindMethodName, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic, [typeof(ServiceBinderBase), type])
                ?? throw new InvalidOperationException($"{attribute.BindType}.{attribute.BindMethodName} is not there to bind {service}.");
            bind.Invoke(null, [binder, null]);
            return;
        }
        throw new InvalidOperationException($"{service} does not derive from a generated service base.");
    }
}
