// 导出中心: puts the page's pieces together. Each listens for itself; none knows more than what it imports.

import { record } from "./ui-events.js";
import "./doings.js";
import { installColumns } from "./columns.js";
import { installDetail } from "./detail.js";
import { installDrawer } from "./drawer.js";
import { installFilters } from "./filters.js";
import { installKeys } from "./keys.js";
import { installList } from "./list.js";
import { installLive } from "./live-rows.js";
import { installSelection } from "./selection.js";
import { installViews } from "./views.js";

installFilters();
installList();
installDrawer();
installDetail();
installSelection();
installColumns();
installViews();
installKeys();
installLive();
record("page_view:exports");
