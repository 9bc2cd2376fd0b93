"""The fixed words of documents for people, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from sdkfp.signature import Names

__all__ = [
    "BASES",
    "CERTAINTIES",
    "CLAIMS",
    "EDGES",
    "GRADES",
    "GROUPS",
    "NEEDS",
    "READ_GRADES",
    "WORDS",
    "in_language",
]

CERTAINTIES: Mapping[str, Names] = {
    "identified": Names("identified", "已识别"),
    "suspected": Names("suspected", "疑似"),
}
CLAIMS: Mapping[str, Names] = {
    "declared": Names("declared", "声明收集"),
    "able_to_read": Names("able to read", "具备读取能力"),
}
NEEDS: Mapping[str, Names] = {
    "required": Names("required", "必要"),
    "optional": Names("optional", "可选"),
    "extended": Names("extended function", "扩展功能"),
}
BASES: Mapping[str, Names] = {
    "vendor_docs": Names("the vendor's documents", "厂商文档"),
    "vendor_code": Names("the vendor's code", "厂商代码"),
    "framework_docs": Names("documents of a framework", "框架文档"),
    "app_disclosure": Names("an app's disclosure", "应用公示"),
}
GRADES: Mapping[str, Names] = {
    "defined": Names("defined in code", "代码中定义"),
    "native": Names("native library", "原生库"),
    "file": Names("file", "文件"),
    "manifest": Names("manifest", "清单文件"),
    "learned": Names("learned mark", "习得特征"),
    "string": Names("text only", "仅字符串"),
    "mentioned": Names("only mentioned", "仅被提及"),
}
READ_GRADES: Mapping[str, Names] = {
    "call": Names("called", "调用"),
    "callback": Names("called by the system", "系统回调"),
    "manifest": Names("in the manifest", "清单文件"),
    "indirect": Names("called by way of another method", "间接调用"),
    "reflection": Names("by reflection", "反射"),
    "native": Names("native library", "原生库"),
    "same_method": Names("call and constant in one method", "同一方法内的调用与常量"),
    "string": Names("constant only", "仅常量"),
}
EDGES: Mapping[str, Names] = {
    "embeds": Names("has inside", "内含"),
    "calls": Names("calls", "调用"),
    "extends": Names("extends", "继承"),
    "refers": Names("refers to", "引用"),
    "loads": Names("loads", "加载"),
    "links": Names("links", "链接"),
    "declares": Names("declares", "声明组件"),
    "requires": Names("requires", "依赖"),
    "bundles": Names("bundles", "捆绑"),
    "reads": Names("is able to read", "具备读取能力"),
    "needs": Names("needs", "需要权限"),
}
GROUPS: Mapping[str, Names] = {
    "app": Names("the app's own code", "应用自身代码"),
    "sdk": Names("SDKs", "SDK"),
    "base": Names("Base and UI libraries", "基础与界面库"),
    "package": Names("Unattributed packages", "未归属的包"),
    "library": Names("Native libraries", "原生库"),
    "type": Names("Personal information", "个人信息"),
    "permission": Names("Permissions", "权限"),
}
WORDS: Mapping[str, Names] = {
    "report": Names("SDK report", "SDK检测报告"),
    "overview": Names("Overview", "概览"),
    "sdks": Names("SDKs", "SDK"),
    "graph": Names("Graph", "关系图"),
    "personal_information": Names("Personal information", "个人信息"),
    "permissions": Names("Permissions", "权限"),
    "unexplained": Names("Unexplained code", "未解释的代码"),
    "not_examined": Names("Not examined", "未检查"),
    "language": Names("Language", "语言"),
    "theme": Names("Theme", "主题"),
    "light": Names("Light", "浅色"),
    "dark": Names("Dark", "深色"),
    "print": Names("Print", "打印"),
    "skip": Names("Skip to the content", "跳到正文"),
    "package": Names("Package", "包名"),
    "version": Names("Version", "版本"),
    "file": Names("File", "文件"),
    "size": Names("Size", "大小"),
    "sdk_levels": Names("SDK levels", "SDK级别"),
    "min_target": Names("min {min} · target {target}", "最低 {min} · 目标 {target}"),
    "code": Names("Code", "代码"),
    "dex_files": Names("{n} dex, {size}", "{n}个dex,{size}"),
    "libraries": Names("Native libraries", "原生库"),
    "catalog": Names("Catalog", "特征目录"),
    "signatures": Names("{n} signatures", "{n}条特征"),
    "made_with": Names(
        "Made with sdkfp {version}, report format {schema}", "由 sdkfp {version} 生成,报告格式 {schema}"
    ),
    "meaning": Names(
        "“Able to read” means that code which can read the information is inside this app. It says nothing about whether it runs, "
        "with what consent, or what is sent. “Declared” is what the named source says that an SDK collects.",
        "“具备读取能力”表示应用中包含能够读取该信息的代码,不代表其已运行、是否取得同意或是否上传。“声明收集”表示所列来源称该SDK收集该信息。",
    ),
    "identified_count": Names("SDKs identified", "个SDK已识别"),
    "suspected_count": Names("SDKs suspected", "个疑似SDK"),
    "declared_types": Names("types of personal information declared", "类个人信息被声明收集"),
    "able_types": Names("types that code is able to read", "类个人信息具备读取能力"),
    "unexplained_share": Names("of classes unexplained", "的类未能解释"),
    "packed": Names(
        "The app is packed or hardened: part of its code is hidden, so SDKs that are not listed may still be inside.",
        "应用经过加固或加壳:部分代码被隐藏,未列出的SDK仍可能存在。",
    ),
    "no_sdk": Names(
        "No SDK of the catalog was found. Look at the unexplained code before you call the app free of SDKs.",
        "未发现目录中的SDK。在认定应用不含SDK之前,请先查看未解释的代码。",
    ),
    "filter": Names("Filter by name, vendor, category or information type", "按名称、厂商、类别或信息类型筛选"),
    "all_categories": Names("All categories", "全部类别"),
    "category": Names("Category", "类别"),
    "only_information": Names("With personal information", "涉及个人信息"),
    "shown": Names("{n} of {total} shown", "显示{n}个,共{total}个"),
    "unfold": Names("Unfold all", "全部展开"),
    "fold": Names("Fold all", "全部收起"),
    "no_match": Names("Nothing meets the filter.", "没有符合条件的SDK。"),
    "by": Names("by", "开发者"),
    "classes": Names("classes", "个类"),
    "evidence": Names("Evidence", "证据"),
    "clue": Names("Clue", "线索"),
    "met": Names("First met", "首个命中"),
    "where": Names("Where", "位置"),
    "times": Names("Count", "次数"),
    "grade": Names("Grade", "等级"),
    "hint": Names("hint", "提示性"),
    "version_basis": Names("Version read from", "版本依据"),
    "disagree": Names("the clues disagree", "线索不一致"),
    "declared_by": Names("Declared", "声明收集"),
    "able": Names("Able to read", "具备读取能力"),
    "purpose": Names("Purpose", "目的"),
    "need": Names("Need", "必要性"),
    "source": Names("Source", "来源"),
    "type": Names("Type", "类型"),
    "call_sites": Names("×{n}", "×{n}"),
    "denied": Names(
        "cannot succeed: the manifest does not request what it needs", "无法成功读取:清单文件未申请所需权限"
    ),
    "supporting": Names("only goes with reading it", "仅为辅助调用"),
    "not_declared": Names("able to read, not declared", "具备读取能力,未见声明"),
    "limits": Names("What these claims say, and what not", "这些结论说明什么、不说明什么"),
    "gives": Names("Gives", "可获得"),
    "unneeded": Names("no code that needs it was found", "未发现需要它的代码"),
    "not_requested": Names("not requested", "未申请"),
    "matrix_denied": Names("able, but the permission is not requested", "具备读取代码,但未申请权限"),
    "none_declared": Names(
        "No source about personal information is known to the catalog.", "目录中没有关于个人信息的来源。"
    ),
    "none_read": Names("No read was seen in its code.", "未在其代码中发现读取行为。"),
    "relations": Names("Relations", "关系"),
    "to": Names("to", "指向"),
    "from": Names("from", "来自"),
    "privacy_policy": Names("Privacy policy", "隐私政策"),
    "website": Names("Website", "官网"),
    "show_in_graph": Names("Show in the graph", "在关系图中查看"),
    "graph_help": Names(
        "Drag to move; click, then wheel or + and − to zoom; arrow keys walk from node to node, Enter selects, Esc clears.",
        "拖动平移;单击后用滚轮或+、−缩放;方向键在节点间移动,Enter选择,Esc清除。",
    ),
    "alone": Names("no relation of these kinds was seen", "未发现所选类型的关系"),
    "key_use": Names("uses (thicker: more often)", "使用(越粗次数越多)"),
    "key_reads": Names("is able to read, or needs the permission", "具备读取能力或需要权限"),
    "key_size": Names("larger: more classes", "越大类越多"),
    "graph_label": Names("Dependency graph of the app", "应用依赖关系图"),
    "nodes": Names("Nodes", "节点"),
    "edges": Names("Edges", "关系"),
    "find_node": Names("Find a node", "查找节点"),
    "whole": Names("Show all", "显示全图"),
    "zoom_in": Names("Zoom in", "放大"),
    "zoom_out": Names("Zoom out", "缩小"),
    "pick": Names("Select a node to see its relations and their evidence.", "选择一个节点以查看其关系与证据。"),
    "outgoing": Names("Outgoing", "指向其他"),
    "incoming": Names("Incoming", "来自其他"),
    "open_card": Names("Open its card", "查看详情"),
    "edges_left_out": Names("{n} weaker relations are not drawn.", "另有{n}条较弱的关系未绘出。"),
    "no_script": Names("The graph needs JavaScript.", "关系图需要JavaScript。"),
    "matrix_help": Names(
        "Rows are SDKs, columns are types of personal information. A dot stands before types that are counted as sensitive.",
        "行为SDK,列为个人信息类型;带点的类型属于敏感个人信息。",
    ),
    "matrix_rest": Names(
        "{n} further SDKs have no known declaration and no read that was seen.",
        "另有{n}个SDK没有已知声明,也未发现读取行为。",
    ),
    "matrix_none": Names("Nothing is known about personal information.", "没有关于个人信息的结果。"),
    "both": Names("both", "两者"),
    "sensitive": Names("sensitive", "敏感"),
    "permission": Names("Permission", "权限"),
    "until": Names("up to API {n}", "至API {n}"),
    "used_by": Names("Needed or brought by", "需要或引入它的一方"),
    "no_permission": Names("The manifest requests no permission.", "清单文件未申请权限。"),
    "share_of_classes": Names("by classes", "按类计"),
    "share_of_bytes": Names("by code bytes", "按代码字节计"),
    "part_sdks": Names("SDKs", "SDK"),
    "part_own": Names("the app's own", "应用自身"),
    "part_nobody": Names("unexplained", "未能解释"),
    "renamed": Names("{share} of classes have names that look given by a shrinker.", "{share}的类名疑似经过混淆。"),
    "picture": Names("How much of the code is explained, and by what", "代码有多少得到解释、由谁解释"),
    "largest": Names("Largest unexplained packages", "未能解释的主要包"),
    "default_package": Names("(default package)", "(默认包)"),
    "and_more": Names("and {n} more", "另有{n}项"),
    "mentioned": Names("Only mentioned, not inside", "仅被提及,未包含"),
    "mentioned_help": Names(
        "Code refers to classes of these SDKs, but defines none of them.", "代码引用了这些SDK的类,但并未定义。"
    ),
    "no_code": Names("The input has no code to explain.", "输入中没有可归属的代码。"),
    "reason": Names("Reason", "原因"),
    "all_examined": Names("Every part was read.", "所有部分均已读取。"),
    "rule": Names("Rule", "规则"),
    "why": Names("Why", "理由"),
    "base_note": Names("of which {n} base and UI libraries", "其中{n}个为基础与界面库"),
}


def in_language(names: Names, language: str) -> str:
    """The name in a language, ``en`` or ``zh``; English where there is no Chinese one."""
    return names.zh or names.en if language == "zh" else names.en
